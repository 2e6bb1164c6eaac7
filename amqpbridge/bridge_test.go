package amqpbridge_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/actors/registration"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

func TestMain(m *testing.M) { otptest.Main(m) }

// store has no file: it kills every actor that writes for user "poison", and for user "shaky" the first three.
type store struct{ shaky atomic.Int32 }

func (*store) Fence(_ otp.Origin, k domain.Key, _ uint64, done func(domain.Record, error)) {
	go done(domain.Record{Key: k}, nil)
}

func (s *store) Write(_ otp.Origin, rec domain.Record, _ uint64, done func(error)) {
	if rec.Key.User == "poison" || rec.Key.User == "shaky" && s.shaky.Add(1) <= 3 {
		panic("the actor dies while it handles a registration")
	}
	go done(nil)
}

func (*store) Release(otp.Origin, domain.Key, uint64) {}

func (*store) Prime(_ otp.Origin, _, _ int, _ uint64, done func([]domain.Header, error)) {
	go done(nil, nil)
}

func (*store) Due(_ otp.Origin, _ domain.Key, _ int, _ func(domain.Header) bool, done func([]domain.Key, domain.Key, error)) {
	go done(nil, domain.Key{}, nil)
}

func (*store) Prune(_ otp.Origin, _ []domain.Key, _ func(domain.Record) (domain.Record, bool), done func([]domain.Header, []domain.Key, error)) {
	go done(nil, nil, nil)
}

func (*store) Get(_ otp.Origin, k domain.Key, done func(domain.Record, bool, error)) {
	go done(domain.Record{Key: k}, false, nil)
}

func (*store) Lookup(_ otp.Origin, _ domain.Key, done func(domain.Credential, bool, error)) {
	go done(domain.Credential{}, false, nil)
}

func (*store) Realms(_ otp.Origin, done func(map[domain.Realm]int, error)) { go done(nil, nil) }

// start starts a bridge and the actors behind it on a broker in memory.
func start(t *testing.T, broker link.Dialer) *amqpbridge.Bridge {
	t.Helper()
	b := begin(t, broker, amqpbridge.DefaultSettings())
	until(t, "ready", func() bool { return len(b.Status.Reasons()) == 0 })
	return b
}

// begin is the same with settings, by a clock of the caller's, if there is one, and does not wait until it is ready.
func begin(t *testing.T, broker link.Dialer, set amqpbridge.Settings, clock ...func() time.Time) *amqpbridge.Bridge {
	t.Helper()
	now := append(clock, time.Now)[0]
	sys, s := otp.NewSystem(), &store{}
	users, realms := directory.NewUsers(sys), otp.NewRef[credential.RealmsMessage](sys, "realms")
	b := amqpbridge.New(amqpbridge.Spec{
		System: sys, Dialer: broker, Settings: set, Sender: wire.Sender{App: "registrar"},
		Realms: realms, Users: users, Now: now, Started: now(), Log: zerolog.Nop(),
	})
	children := users.Children(directory.Env{
		Store: s, Limits: registration.DefaultLimits(), Now: time.Now, ExpiryInterval: time.Hour, PruneBatch: 1,
		Intensity: 100, Period: time.Minute, CoolDown: time.Second,
	})
	children = append(children, otp.ChildSpec{ID: "realms", Start: otp.Worker(realms, func() otp.Behaviour[credential.RealmsMessage] {
		return credential.NewRealms(credential.Env{Store: s, MaxCache: 1})
	})})
	app, err := otp.Start(context.Background(), sys, "test", otp.SupSpec{Children: append(children, b.Children()...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("not %s in time", what)
	}
}

// A registration that kills its actor is handed to the next incarnation, a few times. One that gets through then counts; one that never does
// is parked with the reason and acknowledged. Those that came between them notice nothing.
func TestCrashingRegistrationsAreHandedAgainThenParked(t *testing.T) {
	s := newStage(t)
	s.raise()
	sw := s.connect()
	for _, user := range []string{"one", "poison", "two", "shaky", "three"} {
		if err := sw.Report(t.Context(), client.Registration{Realm: "acme.test", User: user, Contact: "sip:a@b", Expires: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "settled", func() bool {
		return s.Tally.Get("registrations", "registered") == 4 && s.Tally.Get("registrations", "poison") == 1
	})
	until(t, "acknowledged", func() bool { ready, unacked := s.broker.Depth(s.set.RegistrationQueue); return ready+unacked == 0 })
	d := s.take(s.set.PoisonQueue, 1)[0]
	reason := fmt.Sprint(d.Headers["x-registrar-reason"])
	if !strings.Contains(string(d.Body), `"poison"`) || !strings.Contains(reason, "the actor dies") || fmt.Sprint(d.Headers["x-registrar-tries"]) != strconv.Itoa(s.set.MaxCrashes) {
		t.Errorf("parked %s with %v", d.Body, d.Headers)
	}
}

// A stop drains: what is in hand is finished and acknowledged, and nothing more is taken.
func TestDrain(t *testing.T) {
	s := newStage(t)
	s.raise()
	sw := s.connect()
	report := func(n int) {
		t.Helper()
		for i := range n {
			if err := sw.Report(t.Context(), client.Registration{Realm: "acme.test", User: strconv.Itoa(i), Contact: "sip:a@b", Expires: time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
	}
	report(200)
	ctx, cancel := context.WithTimeout(t.Context(), otptest.Timeout)
	defer cancel()
	for _, f := range s.Flows() {
		if _, err := otp.Call(ctx, otp.External("test"), f, func(from otp.From[amqpbridge.Drained]) amqpbridge.ConsumerMessage {
			return amqpbridge.Drain{From: from}
		}); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Tally.Get("registrations", "registered") + s.Tally.Get("registrations", "duplicate")
	report(5)
	if ready, unacked := s.broker.Depth(s.set.RegistrationQueue); uint64(ready) != 205-before || unacked != 0 {
		t.Errorf("%d wait and %d are in hand after 205 were sent and %d settled", ready, unacked, before)
	}
}
