package wire

import (
	"encoding/json"
	"strings"

	"registrar/actors/domain"
	"registrar/actors/sip"
)

// AuthnRequest asks for a user's credentials (authn_req, or auth_req of early Whistle).
type AuthnRequest struct {
	Envelope
	Legacy                           bool // auth_req
	To, From, AuthUser, AuthRealm    string
	Method, OrigIP, OrigPort, CallID string
	// Digest is the client's digest, if the request carries one.
	Digest Digest
}

// Digest holds the fields of a client's digest (RFC 7616 section 3.4).
type Digest struct{ Response, Nonce, URI, QOP, NC, CNonce, Algorithm string }

// Complete reports whether the fields suffice to verify the digest.
func (d Digest) Complete() bool {
	return d.Response != "" && d.Nonce != "" && d.URI != "" &&
		(d.QOP == "" || d.NC != "" && d.CNonce != "")
}

// AuthnResponse carries a user's credentials (authn_resp).
type AuthnResponse struct {
	Envelope
	Legacy   bool   // auth_resp
	Method   string // password, a1-hash, ip or error
	Password domain.Secret
	// Trusted says that the registrar has verified the client's digest (Trusted-Auth). The
	// message then carries no password.
	Trusted     bool
	TenantID    string
	ChannelVars map[string]any // Custom-Channel-Vars
	// Extra holds further fields. Only the optional fields of an authn_resp are written:
	// Custom-SIP-Headers, Suppress-Unregister-Notifications, Register-Overwrite-Notify, Expires,
	// Access-Group, Tenant-ID.
	Extra map[string]json.RawMessage
}

// AuthnError says that the user has no credentials here (authn_err).
type AuthnError struct {
	Envelope
	// Deferred hints that another application may still answer.
	Deferred bool
	// Permanent makes Kamailio cache the refusal.
	Permanent bool
}

// Target returns the realm and user of an authn request. An IP address as realm stands for the
// host of To (Whistle), the user "unknown" for the user of To. ok is false for a method that is
// not a request for a user's own credentials, such as reverse-lookup.
func (r *AuthnRequest) Target() (realm, user string, ok bool) {
	switch strings.ToLower(r.Method) {
	case "", "password", "pre-register", "register", "invite", "subscribe", "publish", "message",
		"options", "notify", "refer", "info", "update", "prack", "bye":
	default:
		return "", "", false
	}
	realm, user = r.AuthRealm, r.AuthUser
	if sip.IsIP(realm) {
		realm = sip.HostOf(r.To)
	}
	if user == "unknown" {
		user = sip.UserOf(r.To)
	}
	return realm, user, true
}

// MsgIDOf returns the Msg-ID of a reply to an authn request, empty for any other message.
func MsgIDOf(m Message) string {
	switch m := m.(type) {
	case *AuthnResponse:
		return m.MsgID
	case *AuthnError:
		return m.MsgID
	}
	return ""
}

func (d *decoder) authnRequest(env Envelope) *AuthnRequest {
	r := &AuthnRequest{
		Envelope: env, Legacy: env.Event == "auth_req",
		To: d.required("To", MaxContact), From: d.required("From", MaxContact),
		AuthUser:  d.required("Auth-User", MaxName),
		AuthRealm: d.required(d.first("Auth-Realm", "Auth-Domain"), MaxName),
		Method:    d.optional("Method"), CallID: d.optional("Call-ID"),
		OrigIP: d.optional("Orig-IP"), OrigPort: d.optional("Orig-Port"),
	}
	if d.has("Auth-Response") {
		r.Digest = Digest{
			Response: d.optional("Auth-Response"), Nonce: d.optional("Auth-Nonce"),
			URI: d.optional("Auth-URI"), QOP: d.optional("Auth-QOP"), NC: d.optional("Auth-NC"),
			CNonce: d.optional("Auth-CNonce"), Algorithm: d.optional("Auth-Algorithm"),
		}
	}
	d.required("Msg-ID", MaxContact)
	return r
}

func (d *decoder) authnResponse(env Envelope) *AuthnResponse {
	r := &AuthnResponse{
		Envelope: env, Legacy: env.Event == "auth_resp", Method: d.optional("Auth-Method"),
		Password: domain.NewSecret(d.optional("Auth-Password")),
		Trusted:  d.flag("Trusted-Auth"), TenantID: d.optional("Tenant-ID"),
	}
	if d.has("Custom-Channel-Vars") {
		if err := json.Unmarshal(d.raw("Custom-Channel-Vars"), &r.ChannelVars); err != nil {
			d.fail(refuse(BadType, "Custom-Channel-Vars"))
		}
	}
	return r
}

func (d *decoder) authnError(env Envelope) *AuthnError {
	return &AuthnError{
		Envelope: env, Deferred: d.flag("Defer-Response"), Permanent: d.flag("Permanent-Error"),
	}
}

// AuthnRequest writes an authn_req.
func (s Sender) AuthnRequest(r *AuthnRequest) []byte {
	f := fields{"To": r.To, "From": r.From, "Auth-User": r.AuthUser, "Auth-Realm": r.AuthRealm}
	f.put("Method", r.Method)
	f.put("Orig-IP", r.OrigIP)
	f.put("Orig-Port", r.OrigPort)
	f.put("Call-ID", r.CallID)
	f.put("Server-ID", r.ServerID)
	f.put("Auth-Response", r.Digest.Response)
	f.put("Auth-Nonce", r.Digest.Nonce)
	f.put("Auth-URI", r.Digest.URI)
	f.put("Auth-QOP", r.Digest.QOP)
	f.put("Auth-NC", r.Digest.NC)
	f.put("Auth-CNonce", r.Digest.CNonce)
	f.put("Auth-Algorithm", r.Digest.Algorithm)
	return s.encode("authn_req", r.MsgID, f)
}

// AuthnResponse writes an authn_resp, or an auth_resp for early Whistle.
func (s Sender) AuthnResponse(r *AuthnResponse) []byte {
	vars := r.ChannelVars
	if vars == nil {
		vars = map[string]any{}
	}
	f := fields{"Auth-Method": r.Method, "Custom-Channel-Vars": vars}
	if r.Trusted {
		f["Trusted-Auth"] = "true"
	} else {
		f["Auth-Password"] = r.Password.Reveal()
	}
	f.put("Tenant-ID", r.TenantID)
	for _, name := range []string{
		"Custom-SIP-Headers", "Suppress-Unregister-Notifications", "Register-Overwrite-Notify",
		"Expires", "Access-Group", "Tenant-ID",
	} {
		if v, ok := r.Extra[name]; ok {
			f[name] = v
		}
	}
	event := "authn_resp"
	if r.Legacy {
		event = "auth_resp"
	}
	return s.encode(event, r.MsgID, f)
}

// AuthnError writes an authn_err.
func (s Sender) AuthnError(e *AuthnError) []byte {
	f := fields{}
	if e.Deferred {
		f["Defer-Response"] = "true"
	}
	if e.Permanent {
		f["Permanent-Error"] = "true"
	}
	return s.encode("authn_err", e.MsgID, f)
}
