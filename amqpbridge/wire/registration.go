package wire

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

// RegSuccess reports that a phone has registered or unregistered (reg_success).
type RegSuccess struct {
	Envelope
	Realm, Username, Contact string
	CallID, ProxyPath        string
	Status                   string
	// Expires is the granted lifetime in seconds.
	Expires int64
	// EventTimestamp is the sender's time of the event, zero when unusable.
	EventTimestamp                                         time.Time
	FirstRegistration, SuppressUnregister, OverwriteNotify bool
	// Fields holds all fields as received.
	Fields map[string]json.RawMessage
}

// Removes reports whether the message ends a binding: lifetime 0 or status Unregistered.
func (r *RegSuccess) Removes() bool {
	return r.Expires == 0 || strings.EqualFold(r.Status, "Unregistered")
}

// Replay reports whether the message is another registrar's answer to a reg_sync.
func (r *RegSuccess) Replay() bool { return r.Status == "Success" }

// Document returns the stored form of a registration: a compact JSON object with sorted keys. It
// has all fields as received except the envelope, and the cleaned contact as Contact.
func (r *RegSuccess) Document(cleaned string) ([]byte, error) {
	doc := make(map[string]any, len(r.Fields))
	for k, v := range r.Fields {
		if !isEnvelope(k) {
			doc[k] = v
		}
	}
	doc["Contact"] = cleaned
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, refuse(NotJSON, "")
	}
	return out, nil
}

// RegFlush removes the registrations and cached credentials of a user or a realm (reg_flush).
type RegFlush struct {
	Envelope
	Realm, Username string
	CacheOnly       bool // removes cached credentials only
}

// RegSync asks for every registration that a registrar holds (reg_sync).
type RegSync struct{ Envelope }

func (d *decoder) regSuccess(env Envelope) *RegSuccess {
	r := &RegSuccess{
		Envelope: env,
		Realm:    d.required("Realm", MaxName), Username: d.required("Username", MaxName),
		Contact: d.required("Contact", MaxContact),
		CallID:  d.optional("Call-ID"), ProxyPath: d.optional("Proxy-Path"), Status: d.optional("Status"),
		FirstRegistration:  d.flag("First-Registration"),
		SuppressUnregister: d.flag("Suppress-Unregister-Notify"),
		OverwriteNotify:    d.flag("Register-Overwrite-Notify"),
		Fields:             d.all.object(),
	}
	expires := d.requiredNumber("Expires")
	if expires < 0 {
		d.fail(refuse(BadValue, "Expires"))
	}
	r.Expires = int64(min(expires, math.MaxInt32))
	r.EventTimestamp = EventTime(d.requiredNumber("Event-Timestamp"))
	return r
}

func (d *decoder) regFlush(env Envelope) *RegFlush {
	return &RegFlush{
		Envelope: env, Realm: d.required("Realm", MaxName), Username: d.limited("Username", MaxName),
		CacheOnly: d.flag("Cache-Only"),
	}
}

// RegSuccess writes a reg_success. The message's typed fields override those in Fields.
func (s Sender) RegSuccess(r *RegSuccess) []byte {
	f := make(fields, len(r.Fields)+12)
	for k, v := range r.Fields {
		f[k] = v
	}
	f["Realm"], f["Username"], f["Contact"] = r.Realm, r.Username, r.Contact
	f["Expires"], f["Event-Timestamp"] = r.Expires, r.EventTimestamp.Unix()
	f.put("Status", r.Status)
	f.put("Call-ID", r.CallID)
	f.put("Proxy-Path", r.ProxyPath)
	f.put("Server-ID", r.ServerID)
	return s.encode("reg_success", r.MsgID, f)
}

// Replay writes the answer to a reg_sync for one registration from its stored document. The
// message carries the current time now, Status Success and the remaining lifetime in seconds.
func (s Sender) Replay(msgID string, doc []byte, remaining int64, now time.Time) ([]byte, error) {
	var o object
	if err := json.Unmarshal(doc, &o); err != nil || o == nil {
		return nil, refuse(NotJSON, "")
	}
	f := make(fields, len(o)+8)
	for k, v := range o {
		f[k] = v
	}
	f["Event-Timestamp"], f["Expires"] = Gregorian(now), remaining
	f["Status"], f["First-Registration"] = "Success", false
	return s.encode("reg_success", msgID, f), nil
}

// RegFlush writes a reg_flush.
func (s Sender) RegFlush(r *RegFlush) []byte {
	f := fields{"Realm": r.Realm}
	f.put("Username", r.Username)
	if r.CacheOnly {
		f["Cache-Only"] = true
	}
	return s.encode("reg_flush", r.MsgID, f)
}

// RegSync writes a reg_sync.
func (s Sender) RegSync(r *RegSync) []byte {
	f := fields{}
	f.put("Server-ID", r.ServerID)
	return s.encode("reg_sync", r.MsgID, f)
}
