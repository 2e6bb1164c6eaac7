package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
	"registrar/amqpbridge/wire"
)

// The identities of a credential override its provisioned channel variables.
func TestAuthnResponseOfCredential(t *testing.T) {
	r := wire.NewAuthnResponse(domain.Credential{
		Key: domain.Key{Realm: "acme.test", User: "100"}, Method: domain.Password,
		Secret: domain.NewSecret("hush"), AccountID: "account-1",
		CCV:      []byte(`{"Account-ID":"account-0","Presence-ID":"100@acme.test"}`),
		Response: []byte(`{"Access-Group":"staff","Unknown":1}`),
	})
	want := map[string]any{
		"Username": "100", "Realm": "acme.test", "Account-ID": "account-1", "Presence-ID": "100@acme.test",
	}
	if diff := cmp.Diff(want, r.ChannelVars); diff != "" {
		t.Error(diff)
	}
	if r.Method != "password" || r.Password.Reveal() != "hush" || string(r.Extra["Access-Group"]) != `"staff"` {
		t.Errorf("got %+v", r)
	}
}

func TestAccountOf(t *testing.T) {
	for name, tc := range map[string]struct {
		cred domain.Credential
		want string
	}{
		"own field":         {domain.Credential{AccountID: "a", CCV: []byte(`{"Account-ID":"b"}`)}, "a"},
		"channel variable":  {domain.Credential{CCV: []byte(`{"Account-ID":"b"}`)}, "b"},
		"neither":           {domain.Credential{CCV: []byte(`{}`)}, ""},
		"no variables":      {domain.Credential{}, ""},
		"an object":         {domain.Credential{CCV: []byte(`{"Account-ID":{}}`)}, ""},
		"invalid variables": {domain.Credential{CCV: []byte(`[`)}, ""},
	} {
		if got := wire.AccountOf(tc.cred); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
