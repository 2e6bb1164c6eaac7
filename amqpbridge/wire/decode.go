package wire

import (
	"encoding/json"
	"math"
	"time"
)

// Message is any message of this package.
type Message interface{ wireMessage() }

// Envelope is what every message has besides its own fields.
type Envelope struct {
	Category, Event           string
	MsgID, ServerID           string
	AppName, AppVersion, Node string
}

// Head returns the envelope of a message.
func (e *Envelope) Head() *Envelope { return e }

// HeadOf returns the envelope of a message, an empty one for none.
func HeadOf(m Message) *Envelope {
	if h, ok := m.(interface{ Head() *Envelope }); ok {
		return h.Head()
	}
	return &Envelope{}
}

// Decode reads a message and checks what it requires.
func Decode(body []byte) (Message, error) {
	s := takeSplitter()
	defer s.done()
	all, err := s.split(body)
	if err != nil {
		return nil, err
	}
	d := &decoder{o: reading{all}}
	env := d.envelope()
	var m Message
	switch env.Event {
	case "authn_req", "auth_req":
		m = d.authnRequest(env)
	case "authn_resp", "auth_resp":
		m = d.authnResponse(env)
	case "authn_err":
		m = &AuthnError{Envelope: env, Deferred: d.o.flag("Defer-Response"), Permanent: d.o.flag("Permanent-Error")}
	case "reg_success":
		m = d.regSuccess(env, all)
	case "reg_query":
		m = d.regQuery(env)
	case "reg_query_resp":
		m = d.regQueryResponse(env)
	case "reg_query_error":
		m = &RegQueryError{Envelope: env, Hint: d.loose("Error-Message")}
	case "reg_flush":
		m = &RegFlush{Envelope: env, Realm: d.required("Realm", MaxName), Username: d.text("Username", MaxName), CacheOnly: d.o.flag("Cache-Only")}
	case "reg_sync":
		m = &RegSync{Envelope: env}
	case "register", "deregister", "register_overwrite":
		m = &Notice{Envelope: env, Fields: all.object()}
	default:
		return nil, refuse(UnknownEvent, "Event-Name")
	}
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

// decoder reads fields; the first error sticks.
type decoder struct {
	o   reading
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) text(field string, most int) string {
	s, err := d.o.text(field)
	if err != nil {
		d.fail(err)
		return ""
	}
	if len(s) > most {
		d.fail(refuse(BadValue, field))
	}
	return s
}

func (d *decoder) required(field string, most int) string {
	s := d.text(field, most)
	if s == "" {
		d.fail(refuse(MissingField, field))
	}
	return s
}

// loose reads a field that is only passed on: of an unusable type it is as good as absent.
func (d *decoder) loose(field string) string {
	s, err := d.o.text(field)
	if err != nil {
		return ""
	}
	return s
}

func (d *decoder) envelope() Envelope {
	return Envelope{
		Category: d.loose("Event-Category"), Event: d.loose("Event-Name"), MsgID: d.loose("Msg-ID"), ServerID: d.loose("Server-ID"),
		AppName: d.loose("App-Name"), AppVersion: d.loose("App-Version"), Node: d.loose("Node"),
	}
}

func (d *decoder) authnRequest(env Envelope) *AuthnRequest {
	r := &AuthnRequest{
		Envelope: env, Legacy: env.Event == "auth_req",
		To: d.required("To", MaxContact), From: d.required("From", MaxContact),
		AuthUser:  d.required("Auth-User", MaxName),
		AuthRealm: d.required(d.o.first("Auth-Realm", "Auth-Domain"), MaxName),
		Method:    d.loose("Method"), OrigIP: d.loose("Orig-IP"), OrigPort: d.loose("Orig-Port"), CallID: d.loose("Call-ID"),
	}
	if d.o.has("Auth-Response") {
		r.Digest = Digest{
			Response: d.loose("Auth-Response"), Nonce: d.loose("Auth-Nonce"), URI: d.loose("Auth-URI"), QOP: d.loose("Auth-QOP"),
			NC: d.loose("Auth-NC"), CNonce: d.loose("Auth-CNonce"), Algorithm: d.loose("Auth-Algorithm"),
		}
	}
	d.required("Msg-ID", MaxContact)
	return r
}

func (d *decoder) authnResponse(env Envelope) *AuthnResponse {
	r := &AuthnResponse{
		Envelope: env, Legacy: env.Event == "auth_resp", Method: d.loose("Auth-Method"), Password: NewSecret(d.loose("Auth-Password")),
		Trusted: d.o.flag("Trusted-Auth"), TenantID: d.loose("Tenant-ID"),
	}
	if d.o.has("Custom-Channel-Vars") {
		if err := json.Unmarshal(d.o.raw("Custom-Channel-Vars"), &r.ChannelVars); err != nil {
			d.fail(refuse(BadType, "Custom-Channel-Vars"))
		}
	}
	return r
}

func (d *decoder) regSuccess(env Envelope, all members) *RegSuccess {
	r := &RegSuccess{
		Envelope: env, Realm: d.required("Realm", MaxName), Username: d.required("Username", MaxName),
		Contact: d.required("Contact", MaxContact), CallID: d.loose("Call-ID"), ProxyPath: d.loose("Proxy-Path"),
		Status: d.loose("Status"), FirstRegistration: d.o.flag("First-Registration"),
		SuppressUnregister: d.o.flag("Suppress-Unregister-Notify"), OverwriteNotify: d.o.flag("Register-Overwrite-Notify"),
		Fields: all.object(),
	}
	expires, ok, err := d.o.number("Expires")
	switch {
	case err != nil:
		d.fail(err)
	case !ok:
		d.fail(refuse(MissingField, "Expires"))
	case expires < 0:
		d.fail(refuse(BadValue, "Expires"))
	}
	r.Expires = int64(min(expires, math.MaxInt32))
	stamp, ok, err := d.o.number("Event-Timestamp")
	switch {
	case err != nil:
		d.fail(err)
	case !ok:
		d.fail(refuse(MissingField, "Event-Timestamp"))
	default:
		r.EventTimestamp = EventTime(stamp)
	}
	return r
}

// gregorian is the Unix time of year 0, in seconds, negated.
const gregorian = 62_167_219_200

// EventTime reads an Event-Timestamp in any of the epochs in the wild, told apart by magnitude: Unix or gregorian seconds, or microseconds
// of either. A value that can be none of them is the zero time.
func EventTime(n float64) time.Time {
	const micro = 1e6
	if n >= 1e14 { // microseconds: gregorian ones are about 6.4e16, Unix ones about 1.7e15
		if n >= gregorian*micro {
			n -= gregorian * micro
		}
		return fromMicros(n)
	}
	if n >= gregorian {
		n -= gregorian
	}
	return fromMicros(n * micro)
}

func fromMicros(n float64) time.Time {
	const year2200 = 7.3e15
	if n <= 0 || n > year2200 {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(n))).UTC()
}

// Gregorian is the time in seconds since year 0, as Kazoo writes it.
func Gregorian(t time.Time) int64 { return t.Unix() + gregorian }
