// Package credential owns the credential caches: one actor per realm.
//
// The [Realms] actor knows the realms that have credentials. It forwards a [Lookup] to the
// realm's actor and starts that actor on demand. A lookup in a realm without credentials is
// answered at once and starts no actor. A realm's actor answers from its cache, or reads the
// [Store] asynchronously, so other users of the realm do not wait. Concurrent lookups of one user
// share one read.
//
// Contract: only existing credentials are cached, never their absence, and at most [Env.MaxCache]
// per realm. Memory is bounded by the provisioned credentials, independent of the requests. After
// the answer to [Changed] no lookup returns the old credential, even if its read had already
// begun. A disabled credential is answered as absent. Credentials hold secrets: they exist in
// messages and caches only, and print redacted.
package credential
