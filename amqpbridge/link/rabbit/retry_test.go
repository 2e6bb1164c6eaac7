package rabbit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
)

func TestNotFoundIsRetried(t *testing.T) {
	other := errors.New("other")
	for name, c := range map[string]struct {
		known bool
		after time.Duration // time until it is found; zero means never
		fails error
		want  error
		takes time.Duration
	}{
		"found at once":              {known: true, after: -1},
		"found after two seconds":    {known: true, after: 2 * time.Second, fails: link.ErrNotFound, takes: 2 * time.Second},
		"never found":                {known: true, fails: link.ErrNotFound, want: link.ErrNotFound, takes: 30*time.Second + 100*time.Millisecond},
		"not known to be there":      {fails: link.ErrNotFound, want: link.ErrNotFound},
		"any other error is at once": {known: true, fails: other, want: other},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := rabbit.RetryNotFound(t.Context(), c.known, func() error {
					if c.after != 0 && time.Since(began) >= c.after {
						return nil
					}
					return c.fails
				})
				if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if took := time.Since(began); took != c.takes {
					t.Errorf("it took %s, want %s", took, c.takes)
				}
			})
		})
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second+time.Millisecond)
		defer cancel()
		began := time.Now()
		err := rabbit.RetryNotFound(ctx, true, func() error { return link.ErrNotFound })
		if took := time.Since(began); !errors.Is(err, link.ErrNotFound) || took > 2*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}
