package registration

import (
	"testing"
	"time"

	"registrar/actors/domain"
)

// The tests use one user, two switches and a clock that the test sets.
var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	switchA = uint64(1)
	switchB = uint64(2)
)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// arrives makes a registration that a switch reports and that arrives the given seconds after
// start.
func arrives(sender uint64, contact string, seconds, expires float64) Register {
	t := at(seconds)
	return Register{
		Contact: contact, ID: domain.CacheID(contact), Expires: time.Duration(expires * float64(time.Second)),
		Stamp:  domain.Stamp{Sender: sender, Event: t.UnixMilli() / 1000 * 1000, Arrival: t.UnixMilli()},
		Digest: domain.DigestOf([]byte(contact + t.String())),
		Doc:    domain.Document(`{"Contact":"` + contact + `"}`),
		Flow:   domain.Flow{CallID: "call-" + contact, ProxyPath: "sip:a"},
	}
}

func leaves(sender uint64, contact string, seconds float64) Unregister {
	r := arrives(sender, contact, seconds, 0)
	return Unregister{Contact: r.Contact + ";expires=0", Stamp: r.Stamp, Digest: domain.DigestOf([]byte("bye" + contact + at(seconds).String()))}
}

type user struct {
	t   *testing.T
	rec domain.Record
	lim Limits
}

func newUser(t *testing.T) *user {
	t.Helper()
	return &user{t: t, lim: DefaultLimits(), rec: domain.Record{Key: domain.Key{Realm: "acme.test", User: "100"}}}
}

func (u *user) register(m Register, want Result) Outcome {
	u.t.Helper()
	before := u.rec
	rec, out := register(u.rec, m, time.UnixMilli(m.Stamp.Arrival), u.lim)
	if out.Result != want {
		u.t.Fatalf("register %s: %v, want %v", m.Contact, out.Result, want)
	}
	u.rec = rec
	u.unchanged(before, out.Result)
	return out
}

func (u *user) unregister(m Unregister, want Result) Outcome {
	u.t.Helper()
	before := u.rec
	rec, out := unregister(u.rec, m, time.UnixMilli(m.Stamp.Arrival), u.lim)
	if out.Result != want {
		u.t.Fatalf("unregister %s: %v, want %v", m.Contact, out.Result, want)
	}
	u.rec = rec
	u.unchanged(before, out.Result)
	return out
}

func (u *user) unchanged(before domain.Record, r Result) {
	u.t.Helper()
	switch r {
	case Registered, Refreshed, Removed:
	case NotRegistered, Duplicate, Stale, AlreadyExpired, RefusedUnprovisioned:
		if len(before.Bindings) != len(u.rec.Bindings) || len(before.Tombstones) != len(u.rec.Tombstones) {
			u.t.Errorf("%v changed the record", r)
		}
	}
}

func (u *user) shown(seconds float64, want ...string) {
	u.t.Helper()
	got := live(u.rec, at(seconds))
	if len(got) != len(want) {
		u.t.Fatalf("at %v s: %d bindings, want %v", seconds, len(got), want)
	}
	for i, b := range got {
		if b.Contact != want[i] {
			u.t.Errorf("at %v s: binding %d is %s, want %s", seconds, i, b.Contact, want[i])
		}
	}
}

func TestUnknownContactDisplacesTheOlderOne(t *testing.T) {
	u := newUser(t)
	if out := u.register(arrives(switchA, "one", 0, 300), Registered); !out.First {
		t.Error("the first registration is not marked as such")
	}
	out := u.register(arrives(switchA, "two", 10, 300), Registered)
	if out.First || len(out.Previous) != 1 || out.Previous[0].Contact != "one" {
		t.Errorf("outcome %+v does not name the displaced contact", out)
	}
	u.shown(11, "two")
}

func TestKnownContactIsRefreshed(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 300), Registered)
	m := arrives(switchA, "one", 200, 300)
	m.Doc = domain.Document(`{"User-Agent":"new"}`)
	u.register(m, Refreshed)
	u.shown(499.999, "one")
	if got := string(u.rec.Bindings[0].Doc); got != `{"User-Agent":"new"}` {
		t.Errorf("the document is still %s", got)
	}
	u.shown(500)
}

func TestEndsExactlyAtItsDeadline(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 300), Registered)
	u.shown(299.999, "one")
	u.shown(300)
}

func TestAgeShortensTheDeadline(t *testing.T) {
	u := newUser(t)
	m := arrives(switchA, "one", 3600, 300)
	m.Age = time.Hour
	u.register(m, AlreadyExpired)
	m.Age = 100 * time.Second
	u.register(m, Registered)
	u.shown(3799.999, "one")
	u.shown(3800)
}

func TestARefreshThatIsOverDoesNotEndTheBinding(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 300), Registered)
	m := arrives(switchB, "one", 100, 60)
	m.Age = time.Minute
	u.register(m, AlreadyExpired)
	u.shown(299, "one")
}

func TestRedeliveryIsAppliedOnce(t *testing.T) {
	u := newUser(t)
	m := arrives(switchA, "one", 0, 300)
	u.register(m, Registered)
	again := m
	again.Stamp.Arrival = at(200).UnixMilli()
	again.Redelivered = true
	u.register(again, Duplicate)
	u.shown(300) // the deadline was fixed once
}

func TestOlderMessageOfTheSameSwitchLoses(t *testing.T) {
	u := newUser(t)
	older, newer := arrives(switchA, "one", 0, 300), arrives(switchA, "two", 5, 300)
	u.register(newer, Registered)
	older.Stamp.Arrival = at(6).UnixMilli()
	u.register(older, Stale)
	u.shown(7, "two")
}

// Clocks differ by an hour: across switches only arrival counts.
func TestArrivalDecidesAcrossSwitches(t *testing.T) {
	u := newUser(t)
	fast := arrives(switchA, "one", 0, 7200)
	fast.Stamp.Event += time.Hour.Milliseconds()
	u.register(fast, Registered)
	u.register(arrives(switchB, "two", 10, 300), Registered)
	u.shown(11, "two")
}

func TestUnregisterRemovesOnlyWhatItNames(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 300), Registered)
	u.unregister(leaves(switchA, "two", 1), NotRegistered)
	other := leaves(switchA, "one", 2)
	other.CallID = "another"
	u.unregister(other, NotRegistered)
	other.CallID, other.ProxyPath = "call-one", "sip:b"
	u.unregister(other, NotRegistered)
	other.ProxyPath = "sip:a"
	u.unregister(other, Removed)
	u.shown(3)
}

// The phone moves from switch A to B; A reports the expiry of the old contact later.
func TestLateUnregisterOfTheOldContact(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 60), Registered)
	u.register(arrives(switchB, "two", 30, 300), Registered)
	u.unregister(leaves(switchA, "one", 61), NotRegistered)
	u.shown(62, "two")
}

func TestUnregisterOlderThanTheRefreshLoses(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 300), Registered)
	bye := leaves(switchA, "one", 5)
	u.register(arrives(switchA, "one", 10, 300), Refreshed)
	bye.Stamp.Arrival = at(11).UnixMilli()
	u.unregister(bye, Stale)
	u.shown(12, "one")
}

// Register and unregister fall into the same second, and both are redelivered after the
// unregister was applied. Digest and order both refuse the register, also when a refresh came
// between.
func TestRedeliveredRegisterAfterUnregisterInTheSameSecond(t *testing.T) {
	u := newUser(t)
	first, refresh := arrives(switchA, "one", 0.1, 300), arrives(switchA, "one", 0.2, 300)
	bye := leaves(switchA, "one", 0.3)
	u.register(first, Registered)
	u.register(refresh, Refreshed)
	u.unregister(bye, Removed)
	for _, m := range []Register{refresh, first} {
		m.Redelivered = true
		m.Stamp.Arrival = at(30).UnixMilli()
		want := Stale
		if m.Digest == refresh.Digest {
			want = Duplicate
		}
		u.register(m, want)
	}
	bye.Stamp.Arrival = at(31).UnixMilli()
	u.unregister(bye, Duplicate)
	u.shown(32)
	u.register(arrives(switchA, "one", 33, 300), Registered)
}

// A phone unregisters and registers again within one second, and the process dies between the
// two. The redelivered register is new.
func TestRedeliveredRegisterThatCameBackInTheSameSecond(t *testing.T) {
	u := newUser(t)
	first := arrives(switchA, "one", 0, 3600)
	u.register(first, Registered)
	u.unregister(leaves(switchA, "one", 600.1), Removed)
	back := arrives(switchA, "one", 600.2, 3600)
	back.Redelivered, back.Stamp.Arrival = true, at(603).UnixMilli()
	first.Redelivered, first.Stamp.Arrival = true, at(602).UnixMilli()
	u.register(first, Stale)
	u.register(back, Registered)
	u.shown(604, "one")
}

// The displaced contact's register is redelivered after the move to another switch. By arrival
// alone it would win.
func TestRedeliveredRegisterOfADisplacedContact(t *testing.T) {
	u := newUser(t)
	first := arrives(switchA, "one", 0, 300)
	u.register(first, Registered)
	u.register(arrives(switchB, "two", 10, 300), Registered)
	first.Stamp.Arrival = at(20).UnixMilli()
	u.register(first, Duplicate)
	u.shown(21, "two")
}

func TestRedeliveredRegisterAfterExpiry(t *testing.T) {
	u := newUser(t)
	m := arrives(switchA, "one", 0, 60)
	u.register(m, Registered)
	rec, _, changed := prune(u.rec, at(61), u.lim)
	if !changed || len(rec.Bindings) != 0 || len(rec.Tombstones) != 1 {
		t.Fatalf("pruning left %+v", rec)
	}
	u.rec = rec
	m.Stamp.Arrival = at(62).UnixMilli()
	m.Redelivered = true
	u.register(m, Duplicate)
	u.shown(63)
}

func TestReplayNeverBeatsWhatIsKnown(t *testing.T) {
	u := newUser(t)
	replay := arrives(switchB, "old", 10, 300)
	replay.Replay = true
	u.register(replay, Registered) // no registration is known yet
	u.register(arrives(switchA, "one", 20, 300), Registered)
	for _, contact := range []string{"old", "one"} {
		m := arrives(switchB, contact, 30, 3000)
		m.Replay = true
		u.register(m, Stale)
	}
	u.unregister(leaves(switchA, "one", 40), Removed)
	m := arrives(switchB, "one", 50, 3000)
	m.Replay = true
	u.register(m, Stale)
	u.shown(51)
}

func TestTombstonesAreForgottenAndBounded(t *testing.T) {
	u := newUser(t)
	for i := range 20 {
		contact := string(rune('a' + i))
		u.register(arrives(switchA, contact, float64(2*i), 300), Registered)
	}
	if n := len(u.rec.Tombstones); n != maxTombstones {
		t.Errorf("%d tombstones, want %d", n, maxTombstones)
	}
	rec, _, changed := prune(u.rec, at(40).Add(u.lim.TombstoneTTL+time.Hour), u.lim)
	if !changed || !rec.Empty() {
		t.Errorf("a day later there is still %+v", rec)
	}
}

func TestSeveralBindings(t *testing.T) {
	u := newUser(t)
	u.lim.Bindings = 2
	u.register(arrives(switchA, "one", 0, 300), Registered)
	u.register(arrives(switchA, "two", 1, 300), Registered)
	u.shown(2, "two", "one")
	u.register(arrives(switchA, "three", 3, 300), Registered)
	u.shown(4, "three", "two")
	u.register(arrives(switchA, "two", 5, 300), Refreshed)
	u.shown(6, "two", "three")
}

func TestFlushSparesWhatIsNewer(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 10, 300), Registered)
	early := Flush{Stamp: domain.Stamp{Sender: switchA, Event: at(5).UnixMilli(), Arrival: at(11).UnixMilli()}, Digest: domain.Digest{1}}
	if _, out := flush(u.rec, early, at(11), u.lim); out.Result != NotRegistered {
		t.Errorf("a flush older than the binding: %v", out.Result)
	}
	late := Flush{Stamp: domain.Stamp{Arrival: at(12).UnixMilli()}, Digest: domain.Digest{2}}
	rec, out := flush(u.rec, late, at(12), u.lim)
	if out.Result != Removed || len(rec.Bindings) != 0 {
		t.Errorf("flush: %v, %+v", out.Result, rec)
	}
	if _, out := flush(rec, late, at(13), u.lim); out.Result != Duplicate {
		t.Errorf("the same flush again: %v", out.Result)
	}
}

func TestLongLifetimesAreCut(t *testing.T) {
	u := newUser(t)
	u.register(arrives(switchA, "one", 0, 1e9), Registered)
	if got := u.rec.Bindings[0].Deadline; !got.Equal(start.Add(u.lim.MaxExpires)) {
		t.Errorf("deadline %v", got)
	}
}
