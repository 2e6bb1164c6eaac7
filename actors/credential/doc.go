// Package credential answers who a user is: one actor per realm owns the cache of that realm's credentials.
//
// The [Realms] actor knows which realms have credentials, hands a [Lookup] to the realm's actor and starts it on demand. A realm
// without credentials starts nothing: it is answered at once. A realm's actor answers from its cache, else asks the [Store]
// asynchronously, so that other users of the realm go on meanwhile; askers for the same user share one question.
//
// Contract: only existing credentials are cached, never the absence of one, and at most [Env.CacheMost] a realm: memory is
// bounded by what was provisioned, not by what strangers ask. After [Changed] has been answered no later lookup is answered with the
// old credential, not even by a question to the store that was already under way. A disabled credential is answered as absent.
// Credentials hold secrets: they travel in messages and caches only, and print redacted.
package credential
