package fleet

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// slow is a registrar that applies reports in order, each some time after the broker's confirm.
// The function show changes the contact in its replies.
type slow struct {
	after time.Duration
	show  func(string) string

	mu      sync.Mutex
	contact string
}

func (s *slow) Authn(context.Context, string, string) (wire.Message, error) {
	return &wire.AuthnResponse{}, nil
}

func (s *slow) Report(_ context.Context, r client.Registration) error {
	time.AfterFunc(s.after, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.contact = r.Contact; r.Expires == 0 {
			s.contact = ""
		}
	})
	return nil
}

func (s *slow) Query(context.Context, string, string, ...string) (wire.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.show(s.contact)
	if shown == "" {
		return &wire.RegQueryResponse{}, nil
	}
	text, err := json.Marshal(shown)
	return &wire.RegQueryResponse{Fields: []map[string]json.RawMessage{{"Contact": text}}}, err
}

// A registrar several reports behind gives true replies. One that shows a contact never reported,
// or superseded long ago, does not. One phone takes 10 steps a second.
func TestFleetJudgesAnswers(t *testing.T) {
	same := func(s string) string { return s }
	for name, c := range map[string]struct {
		line  *slow
		wrong string
	}{
		"at once":         {&slow{show: same}, ""},
		"behind":          {&slow{show: same, after: 3 * time.Second}, ""},
		"far behind":      {&slow{show: same, after: 2 * SettledWithin}, "shows"},
		"somebody else's": {&slow{show: func(s string) string { return strings.Replace(s, "1000", "1001", 1) }}, `shows "sip:1001@`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				f := New(Config{Switch: c.line, Realms: []string{"acme.test"}, Phones: 1, Rate: 10, InFlight: 1, Seed: 1})
				f.Run(ctx)
				for _, x := range f.Total() {
					if x.Errors+x.Timeouts > 0 {
						t.Errorf("%+v", x)
					}
					if x.Operation != OpQuery {
						continue
					}
					if (x.Wrong > 0) != (c.wrong != "") || !strings.Contains(x.Example, c.wrong) {
						t.Errorf("%d of %d queries are wrong, one of them: %s", x.Wrong, x.Wrong+x.Done, x.Example)
					}
					if x.Wrong+x.Done < 100 {
						t.Errorf("only %d queries", x.Wrong+x.Done)
					}
				}
			})
		})
	}
}
