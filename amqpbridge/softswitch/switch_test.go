package softswitch_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"registrar/amqpbridge/link/loop"
	"registrar/amqpbridge/softswitch"
	"registrar/amqpbridge/wire"
)

// A question that no queue takes is answered at once, for every generation: there is no registrar on the broker.
func TestNobodyIsThere(t *testing.T) {
	for _, g := range []wire.Generation{wire.Whistle, wire.Kazoo3, wire.Kazoo4, wire.Kazoo5} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s, err := softswitch.Connect(ctx, loop.New(), "switch", g)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close(context.Background()) }()
		if _, err := s.Authn(ctx, "acme.test", "100"); !errors.Is(err, softswitch.ErrNobody) {
			t.Errorf("authn: %v", err)
		}
		if _, err := s.Query(ctx, "acme.test", ""); !errors.Is(err, softswitch.ErrNobody) {
			t.Errorf("query: %v", err)
		}
	}
}
