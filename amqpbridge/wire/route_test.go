package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/wire"
)

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
		t.Error("a foreign key has a route")
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

// Each generation's address of a message leads back to its route.
func TestAddress(t *testing.T) {
	for _, g := range []wire.Generation{wire.Whistle, wire.Kazoo3, wire.Kazoo4, wire.Kazoo5} {
		for _, kind := range []wire.Kind{wire.KindAuthn, wire.KindSuccess, wire.KindQuery, wire.KindFlush, wire.KindSync} {
			exchange, key := wire.Route{Kind: kind, Generation: g}.Address("acme.test", "100")
			if got, ok := wire.ParseKey(exchange, key); !ok || got.Kind != kind {
				t.Errorf("generation %d, kind %d: %s %s is read as %+v, %v", g, kind, exchange, key, got, ok)
			}
		}
	}
	query := wire.Route{Kind: wire.KindQuery, Generation: wire.Kazoo5}
	if _, key := query.Address("acme.test", ""); key != "registration.query.acme%2Etest.*" {
		t.Errorf("a query for a realm has the key %s", key)
	}
}

func TestReplyHeaders(t *testing.T) {
	got := wire.ParseServerID("pid://<0.1.2>/QUEUE").Headers()
	want := map[string]any{"Deliver-To-PID": []byte("<0.1.2>")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if h := wire.ParseServerID("switch-1").Headers(); h != nil {
		t.Errorf("headers %v without a PID", h)
	}
}
