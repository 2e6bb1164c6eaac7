package delivery

import (
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"registrar/actors/domain"
)

// item is a request of a user.
type item struct {
	domain.Key

	canary bool
}

func request(realm, user string) *item {
	return &item{Key: domain.Key{Realm: domain.Realm(realm), User: domain.User(user)}}
}

func (i *item) String() string { return string(i.Realm) + "/" + string(i.User) }

// queue is an admission queue of items.
type queue struct{ *AdmissionQueue[item] }

func newQueue(running, waiting, known int) queue {
	return queue{NewAdmissionQueue[item](AdmissionLimits{Running: running, Waiting: waiting, KnownUsers: known})}
}

func (q queue) enter(i *item) (begin bool, shed *item) { return q.Enter(i, i.Key, i.canary) }

// Known users come before unknown ones, realms take turns within either, and each realm keeps its
// order.
func TestAdmissionOrder(t *testing.T) {
	q := newQueue(1, 0, 100)
	q.Answered(request("a", "known").Key)
	q.Answered(request("b", "known").Key)
	first := request("x", "first")
	if begin, _ := q.enter(first); !begin {
		t.Fatal("the first one waits")
	}
	for _, i := range []*item{
		request("a", "1"), request("a", "2"), request("a", "3"), request("b", "1"),
		request("a", "known"), request("a", "known"), request("b", "known"),
	} {
		if begin, shed := q.enter(i); begin || shed != nil {
			t.Fatalf("%v begins, or something is shed", i)
		}
	}
	var got []string
	for i := first; i != nil; {
		q.Leave(i)
		if i = q.Next(); i != nil {
			got = append(got, i.String())
		}
	}
	want := "[a/known b/known a/known a/1 b/1 a/2 a/3]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// The oldest item of an unknown user is shed, of the realm with the longest queue. A known user's
// item is shed only when no other waits.
func TestAdmissionSheds(t *testing.T) {
	q := newQueue(1, 4, 100)
	q.Answered(request("a", "known").Key)
	q.enter(request("x", "first"))
	for _, i := range []*item{request("b", "1"), request("c", "1"), request("c", "2"), request("a", "known")} {
		q.enter(i)
	}
	var got []string
	for range 5 {
		if _, shed := q.enter(request("a", "known")); shed != nil {
			got = append(got, shed.String())
		}
	}
	if want := "[c/1 c/2 b/1 a/known a/known]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Unknown users of ever new realms leave nothing behind, even if known users alone exceed the
// capacity and the unknown ones never have a turn.
func TestAdmissionForgetsShedRealms(t *testing.T) {
	const limit = 8
	q := newQueue(1, limit, 100)
	known := request("acme.test", "known")
	q.Answered(known.Key)
	working := request("x", "first")
	q.enter(working)
	for i := range 1000 {
		q.enter(request("acme.test", "known"))
		q.enter(request("realm"+strconv.Itoa(i), "unknown"))
		if i%2 == 0 {
			q.Leave(working)
			if working = q.Next(); working == nil || working.Key != known.Key {
				t.Fatalf("%v has its turn", working)
			}
		}
		for name, p := range map[string]priority[item]{"known": q.known, "unknown": q.unknown} {
			if len(p.queues) > 2*(limit+1) || len(p.turns) != len(p.queues) {
				t.Fatalf("%d wait; priority %s has %d queues and %d turns", q.Waiting(), name, len(p.queues), len(p.turns))
			}
		}
	}
}

// A few canaries wait with the known users. An item that only names their realm does not.
func TestAdmissionOfCanaries(t *testing.T) {
	const (
		limit = 4 * maxCanaries
		realm = "canary.test"
	)
	q := newQueue(1, limit, 100)
	q.enter(request("x", "first"))
	for i := range limit {
		q.enter(request("acme.test", strconv.Itoa(i)))
	}
	for range limit {
		if _, shed := q.enter(request(realm, "forged")); shed == nil {
			t.Fatal("nothing is shed")
		}
	}
	if n := q.unknown.waiting("acme.test"); n < limit/2-1 || q.known.waiting(realm) > 0 {
		t.Errorf("%d of %d are left after as many forged canaries, %d of which wait as known", n, limit, q.known.waiting(realm))
	}
	for range limit {
		q.enter(&item{Key: request(realm, "canary").Key, canary: true})
	}
	if n := q.known.waiting(realm); n != maxCanaries {
		t.Errorf("%d canaries wait as known", n)
	}
}

// Users that were answered last are known, as many as configured; at most twice as many are
// remembered. Reset keeps them.
func TestKnownUsers(t *testing.T) {
	const known = 1000
	q := newQueue(1, 0, known)
	for i := range 10 * known {
		q.Answered(request("acme.test", strconv.Itoa(i)).Key)
	}
	q.Reset()
	for i := range 10 * known {
		has := q.recent.has(request("acme.test", strconv.Itoa(i)).Key)
		if i >= 9*known && !has || i < 8*known && has {
			t.Fatalf("of %d users number %d is known: %v", 10*known, i, has)
		}
	}
}

// admissionModel tracks each item's state beside the queue.
type admissionModel struct {
	*rapid.T
	queue   queue
	limits  AdmissionLimits
	state   map[*item]string
	working []*item
}

func (m *admissionModel) count(state string) (n int) {
	for _, s := range m.state {
		if s == state {
			n++
		}
	}
	return n
}

func (m *admissionModel) begin(i *item) {
	if m.state[i] != "waits" {
		m.Fatalf("an item begins that %q", m.state[i])
	}
	m.state[i] = "works"
	m.working = append(m.working, i)
}

func (m *admissionModel) end() {
	n := rapid.IntRange(0, len(m.working)-1).Draw(m.T, "which")
	i := m.working[n]
	m.working = append(m.working[:n], m.working[n+1:]...)
	m.state[i] = "done"
	if rapid.Bool().Draw(m.T, "answered") {
		m.queue.Answered(i.Key)
	}
	m.queue.Leave(i)
	if next := m.queue.Next(); next != nil {
		m.begin(next)
	}
}

func (m *admissionModel) arrive(user int) {
	i := request(strconv.Itoa(rapid.IntRange(0, 3).Draw(m.T, "realm")), strconv.Itoa(user%5))
	m.state[i] = "waits"
	begin, shed := m.queue.enter(i)
	if begin {
		m.begin(i)
	}
	if shed == nil {
		return
	}
	if m.state[shed] != "waits" {
		m.Fatalf("an item is shed that %q", m.state[shed])
	}
	m.state[shed] = "shed"
}

func (m *admissionModel) check() {
	works, waits, l := m.count("works"), m.count("waits"), m.limits
	if works != m.queue.Running() || waits != m.queue.Waiting() {
		m.Fatalf("%d work, %d wait; the queue counts %d and %d", works, waits, m.queue.Running(), m.queue.Waiting())
	}
	if works > l.Running || l.Waiting > 0 && waits > l.Waiting || waits > 0 && works < l.Running {
		m.Fatalf("%d work, %d wait, with limits %+v", works, waits, l)
	}
	queued := 0
	for _, p := range []priority[item]{m.queue.known, m.queue.unknown} {
		queued += m.checkPriority(p)
	}
	if waits != queued {
		m.Fatalf("%d wait in queues, %d in all", queued, waits)
	}
}

// checkPriority checks that each realm's queue has one turn and that empty ones are counted and
// bounded. It returns the number of items.
func (m *admissionModel) checkPriority(p priority[item]) (items int) {
	empty := 0
	for _, q := range p.turns {
		if items += len(q.items); len(q.items) == 0 {
			empty++
		}
		if p.queues[q.realm] != q {
			m.Fatalf("realm %s has a turn of another queue", q.realm)
		}
	}
	if len(p.turns) != len(p.queues) || empty != p.empty || empty > m.limits.Waiting+1 {
		m.Fatalf("%d queues, %d turns, %d empty ones, %d counted", len(p.queues), len(p.turns), empty, p.empty)
	}
	return items
}

// Items come and end in any order: the limits hold, no item waits without need, and each one is
// worked on or shed exactly once.
func TestAdmissionModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := AdmissionLimits{
			Running: rapid.IntRange(1, 4).Draw(t, "running"), Waiting: rapid.IntRange(0, 6).Draw(t, "waiting"), KnownUsers: 100,
		}
		m := &admissionModel{T: t, queue: queue{NewAdmissionQueue[item](l)}, limits: l, state: map[*item]string{}}
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(m.working) > 0 && rapid.Bool().Draw(t, "one ends") {
				m.end()
			} else {
				m.arrive(i)
			}
			m.check()
		}
	})
}
