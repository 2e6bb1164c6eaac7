package domain

import "encoding/json"

// Method is the kind of a credential's secret. The values are those of Auth-Method in authn_resp.
type Method string

// The methods of a credential.
const (
	// Password is a plain-text password.
	Password Method = "password"
	// A1Hash is the lower-case hex MD5 of user:realm:password (HA1, RFC 7616 section 3.4.2).
	A1Hash Method = "a1-hash"
)

// Credential is the secret of a user and the account data that replies carry. It is immutable:
// CCV and Response are not modified after creation.
type Credential struct {
	Key    Key
	Method Method
	Secret Secret
	// Disabled credentials are stored, and answered like absent ones.
	Disabled bool
	// AccountID, AuthorizingID and OwnerID are sent as Account-ID, Authorizing-ID and Owner-ID;
	// empty ones are omitted.
	AccountID, AuthorizingID, OwnerID string
	// CCV is a JSON object merged into Custom-Channel-Vars, or nil.
	CCV json.RawMessage
	// Response is a JSON object of further reply fields, or nil. The bridge decides which of them
	// are sent.
	Response json.RawMessage
}

// Secret is a password or an HA1. Every formatting and marshalling method prints a fixed word, so
// a secret cannot reach a log, trace or crash report by accident. It holds a pointer because fmt
// prints unexported string fields without calling their methods.
type Secret struct{ value *string }

const redacted = "[redacted]"

// NewSecret wraps a secret.
func NewSecret(s string) Secret { return Secret{value: &s} }

// Reveal returns the secret. Only the reply to a switch and the credentials file use it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both hold the same secret. It does not run in constant time; do not use
// it to verify a client.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String returns a fixed word, not the secret.
func (Secret) String() string { return redacted }

// GoString returns a fixed word, not the secret.
func (Secret) GoString() string { return redacted }

// MarshalText returns a fixed word, not the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText accepts the output of MarshalText. The result holds no secret.
func (s *Secret) UnmarshalText([]byte) error {
	*s = Secret{}
	return nil
}
