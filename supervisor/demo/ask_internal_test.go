package demo

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"registrar/amqpbridge/wire"
)

// An unanswered request is repeated every [retryAfter], until [stepTimeout] has passed.
func TestAskRepeatsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, want := 0, &wire.AuthnResponse{}
		silent := func(ctx context.Context) (wire.Message, error) {
			asked++
			<-ctx.Done()
			return nil, ctx.Err()
		}
		began := time.Now()
		m, err := ask(t.Context(), func(ctx context.Context) (wire.Message, error) {
			if asked == 2 {
				return want, nil
			}
			return silent(ctx)
		})
		if took := time.Since(began); m != wire.Message(want) || err != nil || took != 2*retryAfter {
			t.Errorf("got %v, %v after %v", m, err, took)
		}
		began, asked = time.Now(), 0
		_, err = ask(t.Context(), silent)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != stepTimeout || asked != int(stepTimeout/retryAfter) {
			t.Errorf("got %v after %v and %d requests", err, took, asked)
		}
	})
}
