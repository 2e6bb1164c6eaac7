package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/actors/registration"
)

func TestMain(m *testing.M) { otptest.Main(m) }

type fixture struct {
	t     *testing.T
	users *directory.Users
	app   *otp.App
	now   atomic.Int64 // milliseconds
	seq   atomic.Int64
}

func start(t *testing.T, s *store, sweep time.Duration, sets ...func(*directory.Env)) *fixture {
	t.Helper()
	sys := otp.NewSystem()
	b := &fixture{t: t, users: directory.NewUsers(sys)}
	b.now.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixMilli())
	env := directory.Env{
		Store: s, Limits: registration.DefaultLimits(), Now: func() time.Time { return time.UnixMilli(b.now.Load()).UTC() },
		ExpiryInterval: sweep, PruneBatch: 100, Intensity: 3, Period: time.Minute, CoolDown: time.Minute,
	}
	for _, set := range sets {
		set(&env)
	}
	app, err := otp.Start(context.Background(), sys, "test", otp.SupSpec{Intensity: 3, Children: b.users.Children(env)})
	if err != nil {
		t.Fatal(err)
	}
	b.app = app
	t.Cleanup(func() { _ = app.Stop(context.Background()) })
	return b
}

func key(user string) domain.Key { return domain.Key{Realm: "acme.test", User: domain.User(user)} }

func (b *fixture) register(user, contact string, expires time.Duration) (registration.Outcome, error) {
	return otp.Call(context.Background(), otp.External("test"), b.users.For(key(user)), func(f otp.From[registration.Outcome]) directory.Message {
		now := b.now.Load() + b.seq.Add(1)
		return directory.Deliver{Request: registration.Register{
			From: f, Key: key(user), Contact: contact, ID: domain.CacheID(contact), Expires: expires,
			Stamp: domain.Stamp{Sender: 1, Arrival: now}, Digest: domain.DigestOf(fmt.Append(nil, user, contact, now)),
		}}
	})
}

// state returns the state that a process shows to operators.
func (b *fixture) state(process string) string {
	b.t.Helper()
	info, err := b.app.Inspect(b.t.Context(), process)
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprintf("%+v", info.BehaviourState)
}

func (b *fixture) shown(user string, want ...string) {
	b.t.Helper()
	a, err := otp.Call(context.Background(), otp.External("test"), b.users.For(key(user)), func(f otp.From[registration.Answer]) directory.Message {
		return directory.Deliver{Request: registration.Query{From: f, Key: key(user)}}
	})
	var got []string
	for _, x := range a.Bindings {
		got = append(got, x.Contact)
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("%s: got %v, %v, want %v", user, got, err, want)
	}
}

func (b *fixture) actors() (n int) {
	for _, c := range b.app.Tree().Children {
		n += c.Dynamic
	}
	return n
}

func TestQueryOfUnknownUserStartsNoActor(t *testing.T) {
	b := start(t, newStore(), time.Hour)
	b.shown("nobody")
	if n := b.actors(); n != 0 {
		t.Errorf("%d actors", n)
	}
	if _, err := b.register("100", "sip:a", time.Hour); err != nil {
		t.Fatal(err)
	}
	b.shown("100", "sip:a")
	if n := b.actors(); n != 1 {
		t.Errorf("%d actors for one user", n)
	}
}

// Users in the store are known after a start; the first query starts their actor.
func TestPrimedUsersAreFound(t *testing.T) {
	s := newStore()
	b := start(t, s, time.Hour)
	for u := range 100 {
		if _, err := b.register(strconv.Itoa(u), "sip:a", time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.app.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	b = start(t, s, time.Hour)
	if n := b.actors(); n != 0 {
		t.Errorf("priming started %d actors", n)
	}
	for u := range 100 {
		b.shown(strconv.Itoa(u), "sip:a")
	}
	if err := b.app.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	b = start(t, s, time.Hour) // bindings that expired while no registrar ran are not shown
	b.now.Add((2 * time.Hour).Milliseconds())
	for u := range 100 {
		b.shown(strconv.Itoa(u))
	}
}

// A panic in a user's actor fails the request at once. Its retry is applied once, and other users
// are not affected.
func TestCrashInMidRegistration(t *testing.T) {
	s := newStore()
	b := start(t, s, time.Hour)
	if _, err := b.register("other", "sip:o", time.Hour); err != nil {
		t.Fatal(err)
	}
	s.panics.Store(1)
	if _, err := b.register("100", "sip:a", time.Hour); !errors.Is(err, otp.ErrCrashed) {
		t.Fatalf("got %v", err)
	}
	b.shown("other", "sip:o")
	if o, err := b.register("100", "sip:a", time.Hour); err != nil || o.Result != registration.Registered {
		t.Errorf("handed again: %v, %v", o.Result, err)
	}
	b.shown("100", "sip:a")
}

// Repeated crashes stop only the user that causes them, for the cool-down.
func TestPoisonUserIsLimited(t *testing.T) {
	s := newStore()
	b := start(t, s, time.Hour)
	s.panics.Store(1 << 20)
	for i := range 4 {
		if _, err := b.register("100", "sip:a", time.Hour); !errors.Is(err, otp.ErrCrashed) {
			t.Fatalf("crash %d: %v", i, err)
		}
	}
	b.eventually("it is never refused", func() bool { // the exit is reported asynchronously
		_, err := b.register("100", "sip:a", time.Hour)
		return errors.Is(err, otp.ErrCooling)
	})
	s.panics.Store(0)
	if _, err := b.register("200", "sip:b", time.Hour); err != nil {
		t.Errorf("another user: %v", err)
	}
}

// Requests during a write in flight are merged into the next one. None is answered before its
// commit.
func TestMergedWhileAWriteIsInFlight(t *testing.T) {
	s := newStore()
	b := start(t, s, time.Hour)
	if _, err := b.register("100", "sip:0", time.Hour); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.hold = true
	s.mu.Unlock()
	var done sync.WaitGroup
	var answered atomic.Int32
	for i := range 10 {
		done.Go(func() {
			if _, err := b.register("100", fmt.Sprint("sip:", i+1), time.Hour); err != nil {
				t.Error(err)
			}
			answered.Add(1)
		})
	}
	b.eventually("it does not come to one in flight and nine that wait", func() bool {
		b.shown("100", "sip:0") // queries read the committed record
		return strings.Contains(b.state("user/100@acme.test"), "PendingReplies:10")
	})
	if n := answered.Load(); n != 0 {
		t.Errorf("%d were answered before the commit", n)
	}
	s.releaseWrites()
	done.Wait()
	if n := s.writes.Load(); n != 3 {
		t.Errorf("11 registrations took %d writes", n)
	}
}

// After a failed write the outcome is unknown: the request fails, and the record is read again
// before the next decision.
func TestFailedWriteIsToldAndReadAgain(t *testing.T) {
	s := newStore()
	b := start(t, s, time.Hour)
	s.fail.Store(1)
	if _, err := b.register("100", "sip:a", time.Hour); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("got %v", err)
	}
	b.shown("100")
	if o, err := b.register("100", "sip:a", time.Hour); err != nil || o.Result != registration.Registered {
		t.Errorf("got %v, %v", o.Result, err)
	}
}

// Expired bindings are not shown and leave the file by the sweep; a day later their tombstones
// and the actors follow.
func TestEndedLeavesTheFile(t *testing.T) {
	s := newStore()
	b := start(t, s, 10*time.Millisecond)
	for u := range 20 {
		if _, err := b.register(strconv.Itoa(u), "sip:a", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	b.now.Add((2 * time.Minute).Milliseconds())
	b.shown("0")
	b.eventually("bindings stay in the file", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range s.recs {
			if len(r.Bindings) > 0 {
				return false
			}
		}
		return true
	})
	if n := s.size(); n != 20 {
		t.Errorf("%d tombstones", n)
	}
	b.now.Add((25 * time.Hour).Milliseconds())
	b.eventually("tombstones and actors stay", func() bool { return s.size() == 0 && b.actors() == 0 })
}
