package wire

import (
	"encoding/json"
	"strings"
	"time"
)

// Secret is a password that prints as a fixed word.
type Secret struct{ value *string }

// NewSecret wraps a password.
func NewSecret(s string) Secret { return Secret{value: &s} }

// Reveal returns the password itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns a fixed word.
func (Secret) String() string { return "[redacted]" }

// GoString returns a fixed word.
func (Secret) GoString() string { return "[redacted]" }

// AuthnRequest asks for a user's credentials (authn_req; auth_req of early Whistle).
type AuthnRequest struct {
	Envelope
	Legacy                           bool
	To, From, AuthUser, AuthRealm    string
	Method, OrigIP, OrigPort, CallID string
	// Digest is what the client proved itself with, where the request carries it.
	Digest Digest
}

// Digest holds the fields of a client's digest (RFC 7616 section 3.4) that some askers pass on with an authn_req.
type Digest struct{ Response, Nonce, URI, QOP, NC, CNonce, Algorithm string }

// Complete reports whether the fields suffice to check the client's proof.
func (d Digest) Complete() bool {
	return d.Response != "" && d.Nonce != "" && d.URI != "" && (d.QOP == "" || d.NC != "" && d.CNonce != "")
}

// AuthnResponse answers with them (authn_resp).
type AuthnResponse struct {
	Envelope
	Legacy   bool
	Method   string // password, a1-hash, ip, error
	Password Secret
	// Trusted says that the client's proof was checked here: the answer then carries no password (Trusted-Auth).
	Trusted     bool
	TenantID    string
	ChannelVars map[string]any // Custom-Channel-Vars
	// Extra are further fields, of which those go out that an authn_resp may have: Custom-SIP-Headers,
	// Suppress-Unregister-Notifications, Register-Overwrite-Notify, Expires, Access-Group, Tenant-ID.
	Extra map[string]json.RawMessage
}

// AuthnError says that there are none (authn_err).
type AuthnError struct {
	Envelope
	// Deferred hints that another application may still answer; Permanent lets Kamailio remember the refusal.
	Deferred, Permanent bool
}

// RegSuccess reports that a phone has registered or has gone (reg_success).
type RegSuccess struct {
	Envelope
	Realm, Username, Contact string
	CallID, ProxyPath        string
	Status                   string
	// Expires is the granted lifetime in seconds.
	Expires int64
	// EventTimestamp is the sender's time of the event; zero when it makes no sense.
	EventTimestamp                                         time.Time
	FirstRegistration, SuppressUnregister, OverwriteNotify bool
	// Fields are all fields as received.
	Fields map[string]json.RawMessage
}

// Removes reports whether the message ends a binding: lifetime 0 or status Unregistered.
func (r *RegSuccess) Removes() bool {
	return r.Expires == 0 || strings.EqualFold(r.Status, "Unregistered")
}

// Replay reports whether the message is another registrar's answer to reg_sync.
func (r *RegSuccess) Replay() bool { return r.Status == "Success" }

// RegQuery asks who is registered (reg_query).
type RegQuery struct {
	Envelope
	Realm, Username string
	// Fields are those asked for; none means all.
	Fields    []string
	CountOnly bool
}

// All reports whether every realm is meant.
func (q *RegQuery) All() bool { return strings.EqualFold(q.Realm, "all") }

// RegQueryResponse answers a query (reg_query_resp).
type RegQueryResponse struct {
	Envelope
	// Fields is one object in the whistle form, else as many as there are registrations.
	Fields []map[string]json.RawMessage
	Single bool
	Count  int
}

// RegQueryError says that nothing was found (reg_query_error).
type RegQueryError struct {
	Envelope
	// Hint says what to ask instead, when the answer would have been too large (Error-Message).
	Hint string
}

// RegFlush asks to forget a user or a realm (reg_flush).
type RegFlush struct {
	Envelope
	Realm, Username string
	CacheOnly       bool
}

// RegSync asks for everything that is registered (reg_sync).
type RegSync struct{ Envelope }

// Notice is news about a registration for other applications: register, deregister or register_overwrite.
type Notice struct {
	Envelope
	// Fields are all fields as received.
	Fields map[string]json.RawMessage
}

// MsgIDOf returns the Msg-ID of an answer to authn_req, empty for any other message.
func MsgIDOf(m Message) string {
	switch m := m.(type) {
	case *AuthnResponse:
		return m.MsgID
	case *AuthnError:
		return m.MsgID
	}
	return ""
}

func (*AuthnRequest) wireMessage()     {}
func (*AuthnResponse) wireMessage()    {}
func (*AuthnError) wireMessage()       {}
func (*RegSuccess) wireMessage()       {}
func (*RegQuery) wireMessage()         {}
func (*RegQueryResponse) wireMessage() {}
func (*RegQueryError) wireMessage()    {}
func (*RegFlush) wireMessage()         {}
func (*RegSync) wireMessage()          {}
func (*Notice) wireMessage()           {}

func (d *decoder) regQuery(env Envelope) *RegQuery {
	q := &RegQuery{Envelope: env, Realm: d.required("Realm", MaxName), Username: d.text("Username", MaxName), CountOnly: d.o.flag("Count-Only")}
	if d.o.has("Fields") {
		if err := json.Unmarshal(d.o.raw("Fields"), &q.Fields); err != nil {
			d.fail(refuse(BadType, "Fields"))
		}
	}
	return q
}

func (d *decoder) regQueryResponse(env Envelope) *RegQueryResponse {
	r := &RegQueryResponse{Envelope: env}
	n, _, err := d.o.number("Count")
	if err != nil {
		d.fail(err)
	}
	r.Count = int(n)
	raw := d.o.raw("Fields")
	if len(raw) > 0 && raw[0] == '{' {
		var one map[string]json.RawMessage
		err = json.Unmarshal(raw, &one)
		r.Fields, r.Single = append(r.Fields, one), true
	} else {
		err = json.Unmarshal(raw, &r.Fields)
	}
	if err != nil {
		d.fail(refuse(BadType, "Fields"))
	}
	return r
}
