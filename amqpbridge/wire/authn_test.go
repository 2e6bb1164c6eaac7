package wire_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
	"registrar/amqpbridge/wire"
)

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

// Target follows Whistle for IP realms and the user "unknown".
func TestTarget(t *testing.T) {
	for name, tc := range map[string]struct {
		in          map[string]any
		realm, user string
		ok          bool
	}{
		"realm and user":                {nil, "acme.test", "100", true},
		"an IP realm is the host of To": {map[string]any{"Auth-Realm": "192.0.2.1"}, "to.test", "100", true},
		"unknown is the user of To":     {map[string]any{"Auth-User": "unknown"}, "acme.test", "200", true},
		"INVITE":                        {map[string]any{"Method": "INVITE"}, "acme.test", "100", true},
		"password":                      {map[string]any{"Method": "password"}, "acme.test", "100", true},
		"reverse-lookup is refused":     {map[string]any{"Method": "reverse-lookup"}, "", "", false},
		"no method":                     {map[string]any{"Method": nil}, "acme.test", "100", true},
		"names of early Whistle":        {map[string]any{"Event-Name": "auth_req", "Auth-Realm": nil, "Auth-Domain": "old.test"}, "old.test", "100", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := map[string]any{
				"Event-Name": "authn_req", "To": "<sip:200@to.test>", "From": "sip:x@y", "Auth-User": "100", "Auth-Realm": "acme.test",
				"Msg-ID": "m", "Method": "REGISTER",
			}
			maps.Copy(o, tc.in)
			r := decode[*wire.AuthnRequest](t, encode(t, o))
			realm, user, ok := r.Target()
			if realm != tc.realm || user != tc.user || ok != tc.ok {
				t.Errorf("got %q, %q, %v", realm, user, ok)
			}
			if legacy := o["Event-Name"] == "auth_req"; r.Legacy != legacy {
				t.Errorf("legacy is %v", r.Legacy)
			}
		})
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
		t.Error("the password is not in the message")
	}
}

// A template writes what AuthnResponse writes, for any Msg-ID.
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

// A reply with Trusted-Auth carries no password: Kamailio must not check the digest again.
func TestTrustedReplyHasNoPassword(t *testing.T) {
	r := &wire.AuthnResponse{Method: "password", Password: domain.NewSecret("hidden"), Trusted: true}
	if body := string(wire.Sender{}.AuthnResponse(r)); strings.Contains(body, "hidden") || strings.Contains(body, "Auth-Password") {
		t.Errorf("the reply is %s", body)
	}
}
