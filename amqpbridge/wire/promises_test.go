package wire_test

import (
	"errors"
	"strings"
	"testing"

	"registrar/actors/domain"
	"registrar/amqpbridge/wire"
)

// A reply with Trusted-Auth carries no password: Kamailio must not check the digest again.
func TestTrustedReplyHasNoPassword(t *testing.T) {
	r := &wire.AuthnResponse{Method: "password", Password: domain.NewSecret("hidden"), Trusted: true}
	if body := string(wire.Sender{}.AuthnResponse(r)); strings.Contains(body, "hidden") || strings.Contains(body, "Auth-Password") {
		t.Errorf("the reply is %s", body)
	}
}

// A query answer stays within its limit in bytes.
func TestQueryAnswerLimit(t *testing.T) {
	a := wire.QueryAnswer{MaxBytes: 64}
	doc := []byte(`{"Contact":"sip:100@192.0.2.1"}`)
	if err := errors.Join(a.Add(doc), a.Add(doc)); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(doc); !errors.Is(err, wire.ErrAnswerTooLarge) || a.Len() != 2 {
		t.Errorf("the third document gives %v, %d are in the answer", err, a.Len())
	}
}

// The last of several fields with one name counts, as in encoding/json.
func TestLastFieldCounts(t *testing.T) {
	q := decode[*wire.RegQuery](t, `{"Event-Name":"reg_query","Msg-ID":"q","Server-ID":"s","Realm":"first.test","Realm":"last.test"}`)
	if q.Realm != "last.test" {
		t.Errorf("the realm is %s", q.Realm)
	}
}
