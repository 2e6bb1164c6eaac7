package credential_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
)

func TestMain(m *testing.M) { otptest.Main(m) }

// store is a credential store whose answers the test can hold back.
type store struct {
	mu      sync.Mutex
	creds   map[domain.Key]domain.Credential
	lookups atomic.Int32
	held    []func() // answers that are held back
	hold    bool
	fail    error
	panics  atomic.Bool
}

func newStore(users ...string) *store {
	s := &store{creds: map[domain.Key]domain.Credential{}}
	for _, u := range users {
		s.set(u, "old")
	}
	return s
}

func (s *store) set(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := domain.Key{Realm: "acme.test", User: domain.User(user)}
	s.creds[k] = domain.Credential{Key: k, Method: domain.Password, Secret: domain.NewSecret(password)}
}

func (s *store) Lookup(_ otp.Origin, k domain.Key, done func(domain.Credential, bool, error)) {
	s.lookups.Add(1)
	if s.panics.CompareAndSwap(true, false) {
		panic("the actor dies while it handles a lookup")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.creds[k]
	err := s.fail
	if s.hold {
		s.held = append(s.held, func() { done(c, ok, err) })
		return
	}
	go done(c, ok, err)
}

func (s *store) Realms(_ otp.Origin, done func(map[domain.Realm]int, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[domain.Realm]int{}
	for k := range s.creds {
		n[k.Realm]++
	}
	go done(n, nil)
}

type fixture struct {
	t   testing.TB
	ref *otp.Ref[credential.RealmsMessage]
	app *otp.App
	set fault.Set
}

func start(t testing.TB, s *store) *fixture {
	t.Helper()
	b := &fixture{t: t}
	sys := otp.NewSystem(otp.WithFaults(&b.set))
	b.ref = otp.NewRef[credential.RealmsMessage](sys, "realms")
	env := credential.Env{Store: s, MaxCache: 1000, Intensity: 5, Period: time.Minute, CoolDown: time.Minute}
	app, err := otp.Start(context.Background(), sys, "test", otp.SupSpec{Intensity: 3, Children: []otp.ChildSpec{{
		ID: "realms", Start: otp.Worker(b.ref, func() otp.Behaviour[credential.RealmsMessage] { return credential.NewRealms(env) }),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	b.app = app
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *fixture) lookup(user string) (credential.Found, error) {
	return otp.Call(context.Background(), otp.External("test"), b.ref, func(f otp.From[credential.Found]) credential.RealmsMessage {
		return credential.Ask{Lookup: credential.Lookup{From: f, Key: domain.Key{Realm: "acme.test", User: domain.User(user)}}}
	})
}

func (b *fixture) changed(user string) {
	b.t.Helper()
	_, err := otp.Call(context.Background(), otp.External("test"), b.ref, func(f otp.From[credential.Dropped]) credential.RealmsMessage {
		return credential.Update{From: f, Keys: []domain.Key{{Realm: "acme.test", User: domain.User(user)}}}
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *fixture) wants(user, password string) {
	b.t.Helper()
	f, err := b.lookup(user)
	if err != nil || f.OK != (password != "") || f.Credential.Secret.Reveal() != password {
		b.t.Errorf("%s: got %q, %v, %v; want %q", user, f.Credential.Secret.Reveal(), f.OK, err, password)
	}
}

func TestSecondLookupComesFromTheCache(t *testing.T) {
	s := newStore("100")
	b := start(t, s)
	for range 5 {
		b.wants("100", "old")
	}
	if n := s.lookups.Load(); n != 1 {
		t.Errorf("the store was asked %d times", n)
	}
}

// A realm's actor that missed a change, or crashed while it handled one, gets it again. Otherwise
// it would serve an old password.
func TestChangeIsToldAgain(t *testing.T) {
	for _, r := range []fault.Rule{{Point: fault.InTransit, Kind: fault.Drop}, {Point: fault.BeforeHandle, Kind: fault.Panic}, {Point: fault.AfterHandle, Kind: fault.Goexit}} {
		s := newStore("100")
		b := start(t, s)
		b.wants("100", "old")
		r.Process, r.Message = "realm/acme.test", "Changed"
		if _, err := b.set.Arm(r); err != nil {
			t.Fatal(err)
		}
		s.set("100", "new")
		b.changed("100")
		b.wants("100", "new")
		if n := b.set.Rules()[0].Hits; n != 1 {
			t.Errorf("a %s at %s has hit %d times", r.Kind, r.Point, n)
		}
	}
}

func TestAbsenceIsNotCached(t *testing.T) {
	s := newStore("100")
	b := start(t, s)
	b.wants("200", "")
	s.set("200", "new")
	b.wants("200", "new")
}

func TestUnknownRealmStartsNothing(t *testing.T) {
	s := newStore()
	b := start(t, s)
	b.wants("100", "")
	if n := b.app.Tree().Children[0].Dynamic; n != 0 || s.lookups.Load() != 0 {
		t.Errorf("%d actors, %d questions to the store", n, s.lookups.Load())
	}
	s.set("100", "first") // the realm's first credential
	b.changed("100")
	b.wants("100", "first")
}

func TestDisabledIsAbsent(t *testing.T) {
	s := newStore("100")
	k := domain.Key{Realm: "acme.test", User: "100"}
	c := s.creds[k]
	c.Disabled = true
	s.creds[k] = c
	b := start(t, s)
	b.wants("100", "")
	b.wants("100", "") // from the cache, too
}

// A change is confirmed while a read of the old credential is pending. The late old answer is
// ignored.
func TestLateAnswerDoesNotBringAnOldCredentialBack(t *testing.T) {
	s := newStore("100")
	b := start(t, s)
	s.mu.Lock()
	s.hold = true
	s.mu.Unlock()
	asked := make(chan string, 1)
	go func() {
		f, err := b.lookup("100")
		asked <- fmt.Sprint(f.Credential.Secret.Reveal(), err)
	}()
	if !otptest.Eventually(func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.held) == 1
	}) {
		t.Fatal("the store is not asked")
	}
	s.mu.Lock()
	old := s.held
	s.held, s.hold = nil, false
	s.mu.Unlock()
	s.set("100", "new")
	b.changed("100")
	for _, f := range old {
		f()
	}
	if got := <-asked; got != "new<nil>" {
		t.Errorf("the asker got %q", got)
	}
	b.wants("100", "new")
}

// A panic during a lookup fails that lookup at once. A retry succeeds, and other users are not
// affected.
func TestCrashIsToldAndHealed(t *testing.T) {
	s := newStore("100", "200")
	b := start(t, s)
	b.wants("200", "old")
	s.panics.Store(true)
	if _, err := b.lookup("100"); !errors.Is(err, otp.ErrCrashed) {
		t.Errorf("got %v", err)
	}
	b.wants("100", "old")
	b.wants("200", "old")
}

func TestStoreErrorIsPassedOn(t *testing.T) {
	s := newStore("100")
	s.fail = domain.Wrap(domain.Unavailable, "store", nil)
	b := start(t, s)
	if _, err := b.lookup("100"); domain.KindOf(err) != domain.Unavailable {
		t.Errorf("got %v", err)
	}
}

// BenchmarkLookup measures a lookup within the process, answered from the cache through both
// actors.
func BenchmarkLookup(b *testing.B) {
	fixture := start(b, newStore("100"))
	fixture.wants("100", "old")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fixture.lookup("100"); err != nil {
			b.Fatal(err)
		}
	}
}
