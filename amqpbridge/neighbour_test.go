package amqpbridge_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// ownLine is a dialer whose publishing connection can be taken away while those of others on the broker stay.
type ownLine struct {
	*dialer
	gone atomic.Bool
	mu   sync.Mutex
	open []link.Session
}

func newOwnLine(broker link.Dialer) *ownLine {
	l := &ownLine{}
	l.dialer = &dialer{Dialer: broker, refuse: func(name string) bool { return name == "publishing" && l.gone.Load() }, wrap: func(name string, s link.Session) link.Session {
		l.mu.Lock()
		defer l.mu.Unlock()
		if name == "publishing" {
			l.open = append(l.open, s)
		}
		return s
	}}
	return l
}

func (l *ownLine) lose() {
	l.gone.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.open {
		_ = s.Close(context.Background())
	}
}

// Of two registrars on a broker one cannot publish any more: not one question is lost by that, for it takes none, and what it has taken goes to the other. It
// goes on with reports. When it can publish again it answers again.
func TestWhoCannotAnswerLeavesQuestionsToItsNeighbour(t *testing.T) {
	broker := memory.New()
	set := amqpbridge.DefaultSettings()
	set.Canary, set.NotFound = 0, "error"
	set.QueueTTL, set.ReplyDeadline = time.Minute, time.Minute // on a busy machine, too, an answer is owed
	one, set2 := begin(t, broker, set), set
	set2.RegistrationQueue = "registrar.registrations.two"
	line := newOwnLine(broker)
	two := begin(t, line, set2)
	until(t, "ready", func() bool { return len(one.Status.Reasons())+len(two.Status.Reasons()) == 0 })
	ctx := t.Context()
	sw, err := client.Connect(ctx, broker, client.Config{Name: "switch", Generation: wire.Kazoo5})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sw.Close(context.Background()) }()
	ask := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, otptest.Timeout)
		defer cancel()
		if m, err := sw.Authn(ctx, "acme.test", "100"); err != nil {
			t.Fatalf("a question is lost: %v; %v and %v", err, one.Tally.Counts(), two.Tally.Counts())
		} else if _, ok := m.(*wire.AuthnError); !ok {
			t.Fatalf("got a %T", m)
		}
	}
	answered := func(b *amqpbridge.Bridge) uint64 { return b.Tally.Get("authn", "not_found") }
	counted := func(n uint64) { // an answer is counted when it is on its way
		t.Helper()
		until(t, "counted", func() bool { return answered(one)+answered(two) == n })
	}
	for range 10 {
		ask()
	}
	counted(10)
	if answered(one) == 0 || answered(two) == 0 {
		t.Errorf("%d and %d answered", answered(one), answered(two))
	}

	line.lose()
	until(t, "noticed", func() bool {
		return slices.ContainsFunc(two.Status.Components(), func(p domain.Component) bool { return p.Name == "publishing" && p.Reason != "" })
	})
	before := answered(two)
	for range 20 {
		ask()
	}
	counted(30)
	if answered(two) != before {
		t.Error("it goes on with questions that it cannot answer")
	}
	for i := range 5 {
		if err := sw.Report(ctx, client.Registration{Realm: "acme.test", User: strconv.Itoa(i), Contact: "sip:a@b", Expires: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "reported", func() bool { return two.Tally.Get("registrations", "registered") == 5 })

	line.gone.Store(false)
	until(t, "ready again", func() bool { return len(two.Status.Reasons()) == 0 })
	until(t, "answering again", func() bool { ask(); return answered(two) > before })
}
