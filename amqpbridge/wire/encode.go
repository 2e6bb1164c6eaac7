package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Sender is who sends a message of ours.
type Sender struct{ App, Version, Node string }

// fields is a message to be written, its keys sorted.
type fields map[string]any

func (s Sender) encode(event, msgID string, f fields) []byte {
	if f["Event-Category"] == nil {
		f["Event-Category"] = "directory"
	}
	f["Event-Name"] = event
	f["App-Name"], f["App-Version"], f["Node"] = s.App, s.Version, s.Node
	if msgID != "" {
		f["Msg-ID"] = msgID
	}
	return f.append(make([]byte, 0, 512))
}

// append writes the fields in the order of their names. What most of them are is written at once; the rest is left to encoding/json.
func (f fields) append(b []byte) []byte {
	var room [32]string
	keys := room[:0]
	for k := range f {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, k), ':')
		b = appendValue(b, f[k])
	}
	return append(b, '}')
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(b, v)
	case fields:
		return v.append(b)
	case map[string]any:
		return fields(v).append(b)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	}
	out, err := json.Marshal(v)
	if err != nil { // numbers and raw JSON that was read by this package
		panic(fmt.Sprintf("wire: encode %T: %v", v, err))
	}
	return append(b, out...)
}

// appendText writes a JSON string; what is no UTF-8 is replaced.
func appendText(b []byte, s string) []byte {
	out, _ := jsontext.AppendQuote(b, s) // its only error is what it has replaced
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
	f := fields{"Auth-Method": r.Method, "Custom-Channel-Vars": ccv}
	if r.Trusted {
		f["Trusted-Auth"] = "true"
	} else {
		f["Auth-Password"] = r.Password.Reveal()
	}
	f.put("Tenant-ID", r.TenantID)
	for _, name := range []string{
		"Custom-SIP-Headers", "Suppress-Unregister-Notifications", "Register-Overwrite-Notify", "Expires", "Access-Group", "Tenant-ID",
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

// RegQueryError writes a reg_query_error: nothing is registered, or the hint says why there is no answer.
func (s Sender) RegQueryError(e *RegQueryError) []byte {
	f := fields{"Defer-Response": "true"}
	f.put("Error-Message", e.Hint)
	return s.encode("reg_query_error", e.MsgID, f)
}

// RegSync writes a reg_sync.
func (s Sender) RegSync(r *RegSync) []byte {
	f := fields{}
	f.put("Server-ID", r.ServerID)
	return s.encode("reg_sync", r.MsgID, f)
}

// Replay writes the answer to a reg_sync about one registration: its document as it is kept, stamped with the time at, in Status Success and
// with the lifetime that is left, in seconds, so that it ends there when it ends here.
func (s Sender) Replay(msgID string, doc []byte, left int64, at time.Time) ([]byte, error) {
	var o object
	if err := json.Unmarshal(doc, &o); err != nil || o == nil {
		return nil, refuse(NotJSON, "")
	}
	f := make(fields, len(o)+8)
	for k, v := range o {
		f[k] = v
	}
	f["Event-Timestamp"], f["Expires"], f["Status"], f["First-Registration"] = Gregorian(at), left, "Success", false
	return s.encode("reg_success", msgID, f), nil
}
