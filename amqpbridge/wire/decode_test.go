package wire_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/wire"
)

// Captured from Kamailio 5.6.3.
const (
	capturedAuthn = `{"Event-Category":"directory","Event-Name":"authn_req","Method":"REGISTER","Auth-Nonce":"awOFNGsDhAjOsdxn5Tt3Ae/P5zTvFbUD",
 "Auth-Realm":"acme.test","Auth-User":"100","From":"sip:100@acme.test","To":"sip:100@acme.test","Orig-IP":"127.0.0.1",
 "Orig-Port":"5099","User-Agent":"SIPp","Contact":"\"Desk\" <sip:100@127.0.0.1:5099;transport=udp>;expires=300",
 "Call-ID":"1-21415@127.0.0.1","App-Name":"kamailio","App-Version":"5.6.3","Node":"kamailio@sbc1.test",
 "Msg-ID":"3d8889a2-3d81-420a-ac51-7349314e7cd3","Server-ID":"kamailio@sbc1.test-<1>-targeted-0"}`
	capturedSuccess = `{"Event-Category":"directory","Event-Name":"reg_success","Status":"Registered","Event-Timestamp":1795392520,"Expires":300,
 "First-Registration":true,"Contact":"\"Desk\" <sip:100@127.0.0.1:5099;transport=udp>;expires=300","Call-ID":"1-21415@127.0.0.1",
 "Realm":"acme.test","Username":"100","From-User":"100","From-Host":"acme.test","To-User":"100","To-Host":"acme.test",
 "User-Agent":"SIPp","Custom-Channel-Vars":{},"Proxy-Path":"sip:127.0.0.1:5070","Proxy-Protocol":"udp","Source-IP":"127.0.0.1",
 "Source-Port":"5099","App-Name":"kamailio","App-Version":"5.6.3","Node":"kamailio@sbc1.test","Msg-ID":"m","Server-ID":"s"}`
)

func decode[M wire.Message](t *testing.T, body string) M {
	t.Helper()
	m, err := wire.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := m.(M)
	if !ok {
		t.Fatalf("got a %T", m)
	}
	return got
}

func encode(t *testing.T, o map[string]any) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// An Error has a reason and a field, never a value.
func TestRefusals(t *testing.T) {
	success := func(field, value string) string {
		o := map[string]json.RawMessage{
			"Event-Name": []byte(`"reg_success"`), "Realm": []byte(`"a"`), "Username": []byte(`"u"`), "Contact": []byte(`"c"`),
			"Expires": []byte(`60`), "Event-Timestamp": []byte(`1795392520`),
		}
		o[field] = json.RawMessage(value)
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, tc := range map[string]struct {
		body   string
		reason wire.Reason
		field  string
	}{
		"not JSON":              {`{"Event-Name":`, wire.NotJSON, ""},
		"not an object":         {`[1]`, wire.NotAnObject, ""},
		"null":                  {`null`, wire.NotAnObject, ""},
		"too large":             {`{"a":"` + strings.Repeat("x", wire.MaxBody) + `"}`, wire.TooLarge, ""},
		"too deep":              {strings.Repeat("[", wire.MaxDepth+1) + strings.Repeat("]", wire.MaxDepth+1), wire.TooDeep, ""},
		"unknown event":         {`{"Event-Name":"call_event"}`, wire.UnknownEvent, "Event-Name"},
		"no realm":              {success("Realm", `""`), wire.MissingField, "Realm"},
		"realm too long":        {success("Realm", `"`+strings.Repeat("x", 256)+`"`), wire.BadValue, "Realm"},
		"contact too long":      {success("Contact", `"`+strings.Repeat("x", 2049)+`"`), wire.BadValue, "Contact"},
		"contact an object":     {success("Contact", `{"secret":1}`), wire.BadType, "Contact"},
		"no lifetime":           {success("Expires", `null`), wire.MissingField, "Expires"},
		"lifetime not a number": {success("Expires", `"secret"`), wire.BadType, "Expires"},
		"negative lifetime":     {success("Expires", `-1`), wire.BadValue, "Expires"},
		"no time":               {success("Event-Timestamp", `""`), wire.MissingField, "Event-Timestamp"},
		"query without realm":   {`{"Event-Name":"reg_query"}`, wire.MissingField, "Realm"},
		"authn without id":      {`{"Event-Name":"authn_req","To":"a","From":"a","Auth-User":"u","Auth-Realm":"r"}`, wire.MissingField, "Msg-ID"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.Decode([]byte(tc.body))
			var refused *wire.Error
			if !errors.As(err, &refused) || refused.Reason != tc.reason || refused.Field != tc.field {
				t.Errorf("got %v", err)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("%v shows the value of the field", err)
			}
		})
	}
}

func TestLooseTypes(t *testing.T) {
	for _, body := range []string{
		`{"Event-Name":"reg_success","Realm":"a","Username":100,"Contact":"c","Expires":"60","Event-Timestamp":"1795392520","First-Registration":"true"}`,
		`{"Event-Name":"reg_success","Realm":"a","Username":"100","Contact":"c","Expires":60.0,"Event-Timestamp":63962611720,"First-Registration":true}`,
		`{"Event-Name":"reg_success","Realm":"a","Username":"100","Contact":"c","Expires":60,"Event-Timestamp":1795392520000000,"First-Registration":"TRUE"}`,
		`{"Event-Name":"reg_success","Realm":"a","Username":"100","Contact":"c","Expires":60,"Event-Timestamp":63962611720000000,"First-Registration":true}`,
	} {
		r := decode[*wire.RegSuccess](t, body)
		if r.Username != "100" || r.Expires != 60 || !r.FirstRegistration || !r.EventTimestamp.Equal(time.Unix(1795392520, 0)) {
			t.Errorf("%s: %+v", body, r)
		}
	}
}

// Strings are read as encoding/json reads them.
func TestTexts(t *testing.T) {
	for in, want := range map[string]string{
		`"plain"`: "plain", `"esc\"aped\u0041\\"`: `esc"apedA\`, `""`: "", `"é"`: "é", "\"\xff\"": "\ufffd", `12`: "12", `true`: "true",
	} {
		r := decode[*wire.AuthnRequest](t, `{"Event-Name":"authn_req","To":"a","From":"a","Auth-User":"u","Auth-Realm":"r","Msg-ID":"m","Call-ID":`+in+`}`)
		if r.CallID != want {
			t.Errorf("%s is read as %q, want %q", in, r.CallID, want)
		}
	}
}

func TestInflate(t *testing.T) {
	pack := func(n int) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(bytes.Repeat([]byte("x"), n))
		_ = z.Close()
		return b.Bytes()
	}
	if got, err := wire.Inflate("gzip", pack(1000)); err != nil || len(got) != 1000 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	for want, f := range map[wire.Reason]func() ([]byte, error){
		wire.TooLarge:    func() ([]byte, error) { return wire.Inflate("gzip", pack(wire.MaxBody+1)) },
		wire.BadEncoding: func() ([]byte, error) { return wire.Inflate("br", nil) },
	} {
		var refused *wire.Error
		if _, err := f(); !errors.As(err, &refused) || refused.Reason != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := wire.Inflate("gzip", []byte("no gzip")); err == nil {
		t.Error("an invalid gzip stream was inflated")
	}
}

// Decode never panics, and accepted messages keep the limits.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{capturedAuthn, capturedSuccess, `{"Event-Name":"reg_query","Realm":"a","Fields":["b"]}`, `{"Event-Name":"authn_resp"}`, `{`, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := wire.Decode(body)
		if err != nil {
			if _, ok := errors.AsType[*wire.Error](err); !ok {
				t.Errorf("an error without a reason: %v", err)
			}
			return
		}
		r, ok := m.(*wire.RegSuccess)
		if !ok {
			return
		}
		if len(r.Contact) > wire.MaxContact || len(r.Realm) > wire.MaxName || r.Realm == "" || r.Expires < 0 {
			t.Errorf("out of bounds: %+v", r)
		}
		if doc, err := r.Document("x"); err != nil || !json.Valid(doc) {
			t.Errorf("document %q, %v", doc, err)
		}
	})
}

// The last of several fields with one name counts, as in encoding/json.
func TestLastFieldCounts(t *testing.T) {
	q := decode[*wire.RegQuery](t, `{"Event-Name":"reg_query","Msg-ID":"q","Server-ID":"s","Realm":"first.test","Realm":"last.test"}`)
	if q.Realm != "last.test" {
		t.Errorf("the realm is %s", q.Realm)
	}
}
