package wire_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"registrar/actors/domain"
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

func TestCapturedAuthn(t *testing.T) {
	r := decode[*wire.AuthnRequest](t, capturedAuthn)
	want := &wire.AuthnRequest{
		Envelope: wire.Envelope{
			Category: "directory", Event: "authn_req", MsgID: "3d8889a2-3d81-420a-ac51-7349314e7cd3",
			ServerID: "kamailio@sbc1.test-<1>-targeted-0", AppName: "kamailio", AppVersion: "5.6.3", Node: "kamailio@sbc1.test",
		},
		To: "sip:100@acme.test", From: "sip:100@acme.test", AuthUser: "100", AuthRealm: "acme.test", Method: "REGISTER",
		OrigIP: "127.0.0.1", OrigPort: "5099", CallID: "1-21415@127.0.0.1",
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

func TestCapturedSuccess(t *testing.T) {
	r := decode[*wire.RegSuccess](t, capturedSuccess)
	if r.Realm != "acme.test" || r.Username != "100" || r.Expires != 300 || !r.FirstRegistration || r.ProxyPath != "sip:127.0.0.1:5070" ||
		!r.EventTimestamp.Equal(time.Unix(1795392520, 0)) || r.Removes() || r.Replay() {
		t.Errorf("got %+v", r)
	}
	doc, err := r.Document("cleaned")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(doc, &fields); err != nil {
		t.Fatal(err)
	}
	if fields["Contact"] != "cleaned" || fields["Source-Port"] != "5099" || fields["Msg-ID"] != nil || fields["Node"] != nil {
		t.Errorf("document %s", doc)
	}
}

// Each rule about who is asked for (wire facts, section 4).
func TestTarget(t *testing.T) {
	for name, tc := range map[string]struct {
		in          map[string]any
		realm, user string
		ours        bool
	}{
		"the user's own":                {nil, "acme.test", "100", true},
		"an IP realm is the host of To": {map[string]any{"Auth-Realm": "192.0.2.1"}, "to.test", "100", true},
		"unknown is the user of To":     {map[string]any{"Auth-User": "unknown"}, "acme.test", "200", true},
		"INVITE":                        {map[string]any{"Method": "INVITE"}, "acme.test", "100", true},
		"password":                      {map[string]any{"Method": "password"}, "acme.test", "100", true},
		"reverse-lookup is not ours":    {map[string]any{"Method": "reverse-lookup"}, "", "", false},
		"no method":                     {map[string]any{"Method": nil}, "acme.test", "100", true},
		"the oldest names":              {map[string]any{"Event-Name": "auth_req", "Auth-Realm": nil, "Auth-Domain": "old.test"}, "old.test", "100", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := map[string]any{
				"Event-Name": "authn_req", "To": "<sip:200@to.test>", "From": "sip:x@y", "Auth-User": "100", "Auth-Realm": "acme.test",
				"Msg-ID": "m", "Method": "REGISTER",
			}
			maps.Copy(o, tc.in)
			r := decode[*wire.AuthnRequest](t, encode(t, o))
			realm, user, ours := r.Target()
			if realm != tc.realm || user != tc.user || ours != tc.ours {
				t.Errorf("got %q, %q, %v", realm, user, ours)
			}
			if legacy := o["Event-Name"] == "auth_req"; r.Legacy != legacy {
				t.Errorf("legacy is %v", r.Legacy)
			}
		})
	}
}

func encode(t *testing.T, o map[string]any) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every refusal has its reason and names its field, never its value.
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
		"lifetime is no number": {success("Expires", `"secret"`), wire.BadType, "Expires"},
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
				t.Errorf("%v shows what stood in the field", err)
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

// Whatever the epoch and unit in which a time was written, it is read as the same time.
func TestEpochs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unix := rapid.Int64Range(1_000_000_000, 5_000_000_000).Draw(t, "unix")
		for _, n := range []float64{float64(unix), float64(unix + 62_167_219_200), float64(unix) * 1e6, float64(unix+62_167_219_200) * 1e6} {
			got := wire.EventTime(n)
			if d := got.Sub(time.Unix(unix, 0)); d < -8*time.Microsecond || d > 8*time.Microsecond { // a float's precision
				t.Fatalf("%v is read as %v, which is %v off", n, got, d)
			}
		}
	})
	if !wire.EventTime(0).IsZero() || !wire.EventTime(-5).IsZero() || !wire.EventTime(1e30).IsZero() {
		t.Error("nonsense is read as a time")
	}
}

// A text is read as encoding/json reads it, escaped or not.
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

func TestRemoval(t *testing.T) {
	for body, want := range map[string]bool{`"Expires":0`: true, `"Expires":60,"Status":"Unregistered"`: true, `"Expires":60,"Status":"Registered(UDP)"`: false} {
		r := decode[*wire.RegSuccess](t, `{"Event-Name":"reg_success","Realm":"a","Username":"u","Contact":"c","Event-Timestamp":1,`+body+`}`)
		if r.Removes() != want {
			t.Errorf("%s: %v", body, r.Removes())
		}
	}
}

func TestServerID(t *testing.T) {
	for in, want := range map[string]wire.ReplyTo{
		"switch-1": {Key: "switch-1"}, "": {}, "pid://<0.1.2>/QUEUE": {Key: "QUEUE", DeliverToPID: []byte("<0.1.2>")}, "pid://broken": {},
		"consumer://x/KEY": {},
	} {
		if diff := cmp.Diff(want, wire.ParseServerID(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestRoutes(t *testing.T) {
	for in, want := range map[[2]string]wire.Route{
		{"callmgr", "authn.req"}:                              {Kind: wire.KindAuthn, Generation: wire.Whistle},
		{"callmgr", "authn.req.acme%2Etest"}:                  {Kind: wire.KindAuthn, Generation: wire.Kazoo4},
		{"registrar", "authn.endpoint.req.acme%2Etest"}:       {Kind: wire.KindAuthn, Generation: wire.Kazoo5},
		{"callmgr", "registration.success"}:                   {Kind: wire.KindSuccess, Generation: wire.Whistle},
		{"registrar", "registration.success.acme%2Etest.100"}: {Kind: wire.KindSuccess, Generation: wire.Kazoo4},
		{"callmgr", "registration.query"}:                     {Kind: wire.KindQuery, Generation: wire.Whistle},
		{"registrar", "registration.query.acme%2Etest.*"}:     {Kind: wire.KindQuery, Generation: wire.Kazoo4},
		{"registrar", "registration.flush.acme%2Etest"}:       {Kind: wire.KindFlush, Generation: wire.Kazoo4},
	} {
		if got, ok := wire.ParseKey(in[0], in[1]); !ok || got != want {
			t.Errorf("%v: %+v, %v", in, got, ok)
		}
	}
	if _, ok := wire.ParseKey("callmgr", "call.status"); ok {
		t.Error("a foreign key is ours")
	}
}

func TestQueryForms(t *testing.T) {
	doc := []byte(`{"Contact":"c","Expires":60,"Event-Timestamp":1795392520}`)
	sender := wire.Sender{App: "registrar", Version: "1", Node: "n"}
	const gregorian = `{"Contact":"c","Event-Timestamp":63962611720}`
	for name, tc := range map[string]struct {
		a    wire.QueryAnswer
		want string
	}{
		"whistle":           {wire.QueryAnswer{Form: wire.FormWhistle}, `"Fields":{"Contact":"c","Event-Timestamp":1795392520},"Msg-ID":"m","Node":"n"`},
		"kazoo3, one user":  {wire.QueryAnswer{Form: wire.FormKazoo3}, `"Fields":` + gregorian + `,"Msg-ID":"m","Node":"n"`},
		"kazoo3, a realm":   {wire.QueryAnswer{Form: wire.FormKazoo3, Multiple: true}, `"Fields":[` + gregorian + `],"Msg-ID":"m","Multiple":"true","Node":"n"`},
		"kazoo4 and kazoo5": {wire.QueryAnswer{Form: wire.FormKazoo}, `"Fields":[` + gregorian + `],"Msg-ID":"m","Node":"n","Registrar-Age":90`},
	} {
		tc.a.Fields = []string{"Contact", "Event-Timestamp", "Not-There"}
		err := tc.a.Add(doc)
		got := string(tc.a.Encode(sender, "m", 90*time.Second))
		want := `{"App-Name":"registrar","App-Version":"1","Event-Category":"directory","Event-Name":"reg_query_resp",` + tc.want + `}`
		if err != nil || got != want {
			t.Errorf("%s: %s, %v\nwant %s", name, got, err, want)
		}
	}
	capped := wire.QueryAnswer{Form: wire.FormKazoo, MaxBytes: 2 * len(doc)}
	if err := errors.Join(capped.Add(doc)); err != nil {
		t.Error(err)
	}
	if err := errors.Join(capped.Add(doc), capped.Add(doc)); !errors.Is(err, wire.ErrAnswerTooLarge) {
		t.Errorf("three documents under a cap for two: %v", err)
	}
	got := string(sender.RegCount("m", 7, time.Minute))
	if want := `"Count":7,"Event-Category":"directory","Event-Name":"reg_query_resp","Fields":[],"Msg-ID":"m","Node":"n","Registrar-Age":60}`; !strings.HasSuffix(got, want) {
		t.Errorf("count: %s", got)
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
		t.Error("rubbish was inflated")
	}
}

func TestPasswordsDoNotPrint(t *testing.T) {
	r := &wire.AuthnResponse{Method: "password", Password: domain.NewSecret("hush")}
	type wrapped struct{ r wire.AuthnResponse }
	for _, s := range []string{fmt.Sprint(r), fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", r), fmt.Sprintf("%v", wrapped{*r})} {
		if strings.Contains(s, "hush") {
			t.Errorf("printed: %s", s)
		}
	}
	out := wire.Sender{App: "a"}.AuthnResponse(r)
	if back := decode[*wire.AuthnResponse](t, string(out)); back.Password.Reveal() != "hush" {
		t.Error("it is not in the message either")
	}
}

// No bytes make the decoder panic, and what it takes keeps the limits.
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

func BenchmarkDecodeAuthn(b *testing.B) {
	body := []byte(capturedAuthn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthnResponse(b *testing.B) {
	s := wire.Sender{App: "registrar", Version: "devel", Node: "registrar@localhost"}
	b.ReportAllocs()
	for b.Loop() {
		s.AuthnResponse(&wire.AuthnResponse{
			Envelope: wire.Envelope{MsgID: "3d8889a2-3d81-420a-ac51-7349314e7cd3"}, Method: "password", Password: domain.NewSecret("secret"),
			ChannelVars: map[string]any{"Username": "100", "Realm": "acme.test", "Account-ID": "a"},
		})
	}
}

// A template gives what writing the whole answer gives, whatever the Msg-ID.
func TestTemplate(t *testing.T) {
	s := wire.Sender{App: "registrar", Version: "1", Node: "n"}
	r := &wire.AuthnResponse{Method: "password", Password: domain.NewSecret("Msg-ID\":\"x"), ChannelVars: map[string]any{"Realm": "a"}, TenantID: "ignore"}
	tpl := s.AuthnTemplate(r)
	for _, id := range []string{"1", `a"b\c`, "ü\x00", strings.Repeat("x", 500)} {
		r.MsgID = id
		if got, want := string(tpl.For(id)), string(s.AuthnResponse(r)); got != want {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
	}
}
