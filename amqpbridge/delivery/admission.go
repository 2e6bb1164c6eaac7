package delivery

import "registrar/actors/domain"

// AdmissionQueue bounds the work at a time and chooses the next item when more are there. Users
// that were answered recently come before unknown users, and within either the realms take
// turns. When more items wait than allowed, it sheds the oldest item of an unknown user, of the
// realm with the longest queue. Some requests are refused at once then, instead of every answer
// being late. It belongs to one goroutine.
type AdmissionQueue[T any] struct {
	limits  AdmissionLimits
	running map[*T]struct{}
	waiting int
	known   priority[T]
	unknown priority[T]
	recent  *recentUsers
}

// AdmissionLimits are the bounds of an [AdmissionQueue].
type AdmissionLimits struct {
	// Running is the number of items that are worked on at a time.
	Running int
	// Waiting is the number of items that may wait for that; zero is no limit.
	Waiting int
	// KnownUsers is the least number of recently answered users that are remembered, and half of
	// the largest number.
	KnownUsers int
}

// maxCanaries bounds the canary requests that wait with the known users: enough for a few
// registrars that send one every few seconds, and too few to crowd out users with forged ones.
const maxCanaries = 8

// NewAdmissionQueue returns an empty queue.
func NewAdmissionQueue[T any](l AdmissionLimits) *AdmissionQueue[T] {
	q := &AdmissionQueue[T]{limits: l, recent: newRecentUsers(l.KnownUsers)}
	q.Reset()
	return q
}

// Reset forgets every item. The recently answered users stay.
func (q *AdmissionQueue[T]) Reset() {
	q.running, q.waiting = map[*T]struct{}{}, 0
	q.known, q.unknown = newPriority[T](), newPriority[T]()
}

// Running counts the items that are worked on.
func (q *AdmissionQueue[T]) Running() int { return len(q.running) }

// Waiting counts the items that wait.
func (q *AdmissionQueue[T]) Waiting() int { return q.waiting }

// Answered remembers a user as known.
func (q *AdmissionQueue[T]) Answered(user domain.Key) { q.recent.add(user) }

// Enter takes an item about a user. It reports whether the work on it begins now, and returns the
// item that is shed for it, which may be item itself. A canary is a request of a registrar that
// checks whether it is answered.
func (q *AdmissionQueue[T]) Enter(item *T, user domain.Key, canary bool) (begin bool, shed *T) {
	if len(q.running) < q.limits.Running && q.waiting == 0 {
		q.running[item] = struct{}{}
		return true, nil
	}
	q.waiting++
	if q.recent.has(user) || canary && q.known.waiting(user.Realm) < maxCanaries {
		q.known.push(user.Realm, item)
	} else {
		q.unknown.push(user.Realm, item)
	}
	if q.limits.Waiting == 0 || q.waiting <= q.limits.Waiting {
		return false, nil
	}
	q.waiting--
	if shed = q.unknown.shed(); shed == nil {
		shed = q.known.shed()
	}
	return false, shed
}

// Leave notes that the work on an item has ended. An item that is not worked on is ignored.
func (q *AdmissionQueue[T]) Leave(item *T) { delete(q.running, item) }

// Next returns the item to begin now. It returns nil if none waits or none may begin.
func (q *AdmissionQueue[T]) Next() *T {
	if len(q.running) >= q.limits.Running || q.waiting == 0 {
		return nil
	}
	item := q.known.pop()
	if item == nil {
		item = q.unknown.pop()
	}
	q.waiting--
	q.running[item] = struct{}{}
	return item
}
