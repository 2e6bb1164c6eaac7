package wire

import (
	"encoding/json"
	"fmt"
)

// Sender is who sends a message of ours.
type Sender struct{ App, Version, Node string }

// fields is a message to be written; encoding/json sorts its keys.
type fields map[string]any

func (s Sender) encode(event, msgID string, f fields) []byte {
	f["Event-Category"], f["Event-Name"] = "directory", event
	f["App-Name"], f["App-Version"], f["Node"] = s.App, s.Version, s.Node
	if msgID != "" {
		f["Msg-ID"] = msgID
	}
	out, err := json.Marshal(f)
	if err != nil { // strings, numbers and raw JSON that was read by this package
		panic(fmt.Sprintf("wire: encode %s: %v", event, err))
	}
	return out
}

// put adds a text that is not empty.
func (f fields) put(key, value string) {
	if value != "" {
		f[key] = value
	}
}

// AuthnResponse writes an authn_resp, or an auth_resp to a legacy asker.
func (s Sender) AuthnResponse(r *AuthnResponse) []byte {
	ccv := r.ChannelVars
	if ccv == nil {
		ccv = map[string]any{}
	}
	f := fields{"Auth-Method": r.Method, "Auth-Password": r.Password.Reveal(), "Custom-Channel-Vars": ccv}
	f.put("Tenant-ID", r.TenantID)
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

// RegQueryError writes a reg_query_error.
func (s Sender) RegQueryError(msgID string) []byte {
	return s.encode("reg_query_error", msgID, fields{"Defer-Response": "true"})
}

// Requests of ours: what a switch sends. They are for the simulated switch, the commands and tests.

// AuthnRequest writes an authn_req.
func (s Sender) AuthnRequest(r *AuthnRequest) []byte {
	f := fields{"To": r.To, "From": r.From, "Auth-User": r.AuthUser, "Auth-Realm": r.AuthRealm}
	f.put("Method", r.Method)
	f.put("Orig-IP", r.OrigIP)
	f.put("Orig-Port", r.OrigPort)
	f.put("Call-ID", r.CallID)
	f.put("Server-ID", r.ServerID)
	return s.encode("authn_req", r.MsgID, f)
}

// RegSuccess writes a reg_success; the message's own values win over those in Fields.
func (s Sender) RegSuccess(r *RegSuccess) []byte {
	f := fields{}
	for k, v := range r.Fields {
		f[k] = v
	}
	f["Realm"], f["Username"], f["Contact"], f["Expires"] = r.Realm, r.Username, r.Contact, r.Expires
	f["Event-Timestamp"] = r.EventTimestamp.Unix()
	f.put("Status", r.Status)
	f.put("Call-ID", r.CallID)
	f.put("Proxy-Path", r.ProxyPath)
	f.put("Server-ID", r.ServerID)
	return s.encode("reg_success", r.MsgID, f)
}

// RegQuery writes a reg_query.
func (s Sender) RegQuery(q *RegQuery) []byte {
	f := fields{"Realm": q.Realm}
	f.put("Username", q.Username)
	f.put("Server-ID", q.ServerID)
	if len(q.Fields) > 0 {
		f["Fields"] = q.Fields
	}
	if q.CountOnly {
		f["Count-Only"] = true
	}
	return s.encode("reg_query", q.MsgID, f)
}
