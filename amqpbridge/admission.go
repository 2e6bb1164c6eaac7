package amqpbridge

import (
	"hash/maphash"
	"slices"

	"registrar/actors/domain"
)

// gate bounds how many deliveries are worked on at a time, and decides who is next when more than that are there: those about users that were
// answered lately come before those about strangers, and within either the realms take turns. When more wait than it has room for, strangers of
// the realm that has the most waiting are shed, the oldest first. So what is worth least is given up at once, instead of everything growing late. It is
// a value without a goroutine: its flow owns it.
type admissionQueue struct {
	window  int // deliveries in work at a time
	most    int // that wait; zero is no bound
	working int
	waiting int
	known   priority
	strange priority
	recent  recentUsers
}

func newAdmissionQueue(window, most, known int) *admissionQueue {
	return &admissionQueue{window: window, most: most, known: newPriority(), strange: newPriority(), recent: newRecentUsers(known)}
}

// canariesMost is how many questions of registrars to see whether they are answered may wait among the known: a few registrars that ask one every few
// seconds, and nobody who looks like them can have more.
const canariesMost = 8

// place is where a job stands with the gate.
type admission uint8

const (
	admissionNone admission = iota
	admissionQueued
	admissionRunning
)

// enter takes a job: it reports whether the work on it begins now, and which one is given up for it, perhaps itself.
func (g *admissionQueue) enter(j *job) (begin bool, shed *job) {
	if g.working < g.window && g.waiting == 0 {
		g.working++
		j.admission = admissionRunning
		return true, nil
	}
	j.admission = admissionQueued
	g.waiting++
	if g.recent.has(j.aor) || j.canary && g.known.waiting(j.aor.Realm) < canariesMost {
		g.known.push(j)
	} else {
		g.strange.push(j)
	}
	if g.most == 0 || g.waiting <= g.most {
		return false, nil
	}
	g.waiting--
	if shed = g.strange.shed(); shed == nil {
		shed = g.known.shed()
	}
	shed.admission = admissionNone
	return false, shed
}

// leave takes note that the work on a job has ended.
func (g *admissionQueue) leave(j *job) {
	if j.admission == admissionRunning {
		g.working--
	}
	j.admission = admissionNone
}

// next returns a job whose work begins now, nil when there is none or no room.
func (g *admissionQueue) next() *job {
	if g.working >= g.window || g.waiting == 0 {
		return nil
	}
	j := g.known.pop()
	if j == nil {
		j = g.strange.pop()
	}
	g.waiting--
	g.working++
	j.admission = admissionRunning
	return j
}

// class is the jobs of one rank that wait, by realm.
type priority struct {
	lines   map[domain.Realm]*realmQueue
	turn    []*realmQueue // the same, in the order of their turns
	empty   int           // how many of them have nobody: their last ones were shed
	longest *realmQueue
}

type realmQueue struct {
	realm domain.Realm
	jobs  []*job
}

func newPriority() priority { return priority{lines: map[domain.Realm]*realmQueue{}} }

// waiting counts the jobs of a realm.
func (k *priority) waiting(r domain.Realm) int {
	if l := k.lines[r]; l != nil {
		return len(l.jobs)
	}
	return 0
}

func (k *priority) push(j *job) {
	l := k.lines[j.aor.Realm]
	if l == nil {
		l = &realmQueue{realm: j.aor.Realm}
		k.lines[l.realm] = l
		k.turn = append(k.turn, l)
	} else if len(l.jobs) == 0 {
		k.empty--
	}
	l.jobs = append(l.jobs, j)
	if k.longest == nil || len(l.jobs) > len(k.longest.jobs) {
		k.longest = l
	}
}

// pop takes the oldest job of the realm whose turn it is.
func (k *priority) pop() *job {
	for len(k.turn) > 0 {
		l := k.turn[0]
		k.turn = k.turn[1:]
		if len(l.jobs) == 0 {
			delete(k.lines, l.realm)
			k.empty--
			continue
		}
		j := k.take(l)
		if len(l.jobs) == 0 {
			delete(k.lines, l.realm)
		} else {
			k.turn = append(k.turn, l)
		}
		return j
	}
	return nil
}

// shed takes the oldest job of the realm with about the longest line; nil when there is none.
func (k *priority) shed() *job {
	if k.longest == nil || len(k.longest.jobs) == 0 { // it has come to its end: begin anew with another
		at := slices.IndexFunc(k.turn, func(l *realmQueue) bool { return len(l.jobs) > 0 })
		if at < 0 {
			k.longest = nil
			return nil
		}
		k.longest = k.turn[at]
	}
	j := k.take(k.longest)
	if len(k.longest.jobs) == 0 {
		k.emptied()
	}
	return j
}

// emptied takes note that a line has lost its last job before its turn. Lines of nobody go when they are more than half: a turn may never come to a
// class that stands behind another, while ever new realms are shed from it.
func (k *priority) emptied() {
	if k.empty++; 2*k.empty <= len(k.turn) {
		return
	}
	k.turn = slices.DeleteFunc(k.turn, func(l *realmQueue) bool {
		if len(l.jobs) > 0 {
			return false
		}
		delete(k.lines, l.realm)
		return true
	})
	k.empty = 0
}

func (*priority) take(l *realmQueue) *job {
	j := l.jobs[0]
	l.jobs[0] = nil
	l.jobs = l.jobs[1:]
	return j
}

// lately remembers for a while which users were answered, in two generations: at least so many as it is told, at most twice as many.
type recentUsers struct {
	most     int // in a generation
	seed     maphash.Seed
	now, old map[uint64]struct{}
}

func newRecentUsers(most int) recentUsers {
	return recentUsers{most: most, seed: maphash.MakeSeed(), now: map[uint64]struct{}{}, old: map[uint64]struct{}{}}
}

func (r *recentUsers) hash(k domain.Key) uint64 { return maphash.Comparable(r.seed, k) }

func (r *recentUsers) add(k domain.Key) {
	if len(r.now) >= r.most {
		r.old, r.now = r.now, map[uint64]struct{}{}
	}
	r.now[r.hash(k)] = struct{}{}
}

func (r *recentUsers) has(k domain.Key) bool {
	h := r.hash(k)
	if _, ok := r.now[h]; ok {
		return true
	}
	_, ok := r.old[h]
	return ok
}
