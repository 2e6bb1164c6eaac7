package amqpbridge

import "registrar/actors/domain"

// order keeps what is about one user, or one whole realm, in the order of its arrival: one delivery about a user is worked on at a time,
// and one about a realm alone in its realm. Should one have to be tried again, no later one overtakes it. Deliveries about nobody keep
// no order. It is a value without a goroutine: its flow owns it.
type order struct{ realms map[domain.Realm]*realmOrder }

type realmOrder struct {
	busy   int                    // deliveries about users that are worked on or wait behind one that is
	behind map[domain.User][]*job // for each user with a delivery in work, those that wait for it
	wide   *job                   // the delivery about the realm that is worked on, or waits for the users' to end
	held   []*job                 // what came after it
}

func newOrder() *order { return &order{realms: map[domain.Realm]*realmOrder{}} }

// admit takes a delivery and reports whether the work on it may begin now.
func (o *order) admit(j *job) bool {
	if j.orderKey.Realm == "" {
		return true
	}
	r := o.realms[j.orderKey.Realm]
	if r == nil {
		r = &realmOrder{behind: map[domain.User][]*job{}}
		o.realms[j.orderKey.Realm] = r
	}
	return r.admit(j)
}

func (r *realmOrder) admit(j *job) bool {
	switch {
	case r.wide != nil:
		r.held = append(r.held, j)
		return false
	case j.orderKey.User == "":
		r.wide = j
		return r.busy == 0
	}
	r.busy++
	waiting, busy := r.behind[j.orderKey.User]
	if busy {
		r.behind[j.orderKey.User] = append(waiting, j)
		return false
	}
	r.behind[j.orderKey.User] = nil
	return true
}

// done takes note that the work on a delivery has ended and returns those whose work may begin now.
func (o *order) done(j *job) []*job {
	r := o.realms[j.orderKey.Realm]
	if r == nil {
		return nil
	}
	ready := r.done(j)
	if r.busy == 0 && r.wide == nil {
		delete(o.realms, j.orderKey.Realm)
	}
	return ready
}

func (r *realmOrder) done(j *job) (ready []*job) {
	if j.orderKey.User == "" {
		r.wide = nil
		for len(r.held) > 0 && r.wide == nil {
			next := r.held[0]
			r.held = r.held[1:]
			if r.admit(next) {
				ready = append(ready, next)
			}
		}
		return ready
	}
	r.busy--
	if waiting := r.behind[j.orderKey.User]; len(waiting) > 0 {
		r.behind[j.orderKey.User] = waiting[1:]
		return waiting[:1]
	}
	delete(r.behind, j.orderKey.User)
	if r.busy == 0 && r.wide != nil {
		return []*job{r.wide}
	}
	return nil
}
