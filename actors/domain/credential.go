package domain

import "encoding/json"

// Method says what a credential's secret is, in the words of authn_resp (Auth-Method).
type Method string

// The methods a credential can have.
const (
	// Password is a plain-text password.
	Password Method = "password"
	// A1Hash is the lower-case hex MD5 of user:realm:password (HA1, RFC 7616 section 3.4.2).
	A1Hash Method = "a1-hash"
)

// Credential is what a user proves its identity with, and what a switch is told about the user. It is immutable: CCV and
// Response are never written to after the credential was made.
type Credential struct {
	Key    Key
	Method Method
	Secret Secret
	// Disabled credentials are kept and answered as if they did not exist.
	Disabled bool
	// AccountID, AuthorizingID and OwnerID go out as Account-ID, Authorizing-ID and Owner-ID; empty ones are left out.
	AccountID, AuthorizingID, OwnerID string
	// CCV is a JSON object merged into Custom-Channel-Vars, or nil.
	CCV json.RawMessage
	// Response is a JSON object of further fields for the answer to a switch, or nil; see the bridge for which go out.
	Response json.RawMessage
}

// Secret is a password or a hash as good as one. It prints, marshals and formats as a fixed word, so that it cannot reach a
// log, a trace or a crash report by accident: not even inside an unexported field, which is why it is held by pointer.
type Secret struct{ value *string }

const redacted = "[redacted]"

// NewSecret wraps a secret.
func NewSecret(s string) Secret { return Secret{value: &s} }

// Reveal returns the secret itself: for the reply to a switch and for the file, nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both hold the same secret. It is not meant for proofs: it takes a time that depends on the input.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String returns a fixed word.
func (Secret) String() string { return redacted }

// GoString returns a fixed word.
func (Secret) GoString() string { return redacted }

// MarshalText returns a fixed word.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText takes what MarshalText wrote: the secret is not in it, and what comes out holds none.
func (s *Secret) UnmarshalText([]byte) error {
	*s = Secret{}
	return nil
}
