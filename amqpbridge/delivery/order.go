package delivery

import "registrar/actors/domain"

// Order keeps items about one user, or about one whole realm, in the order of their arrival. One
// item of a user is worked on at a time, and an item of a realm alone in its realm. An item that
// is tried again is therefore not overtaken. Items without a realm keep no order. The zero Order
// is not usable; it belongs to one goroutine.
type Order[T any] struct {
	realms map[domain.Realm]*realmOrder[T]
}

type realmOrder[T any] struct {
	users    int                 // items of users that are worked on or wait behind one that is
	behind   map[domain.User][]T // by each user with an item in work: the items that wait for it
	realm    T                   // the item of the whole realm, when hasRealm
	hasRealm bool                // it is worked on, or waits for the users' items to end
	waiting  []arrival[T]        // the items that came after it
}

type arrival[T any] struct {
	user domain.User
	item T
}

// NewOrder returns an order without items.
func NewOrder[T any]() *Order[T] { return &Order[T]{realms: map[domain.Realm]*realmOrder[T]{}} }

// Admit takes an item and reports whether the work on it may begin now. A key without a user is
// the whole realm.
func (o *Order[T]) Admit(key domain.Key, item T) bool {
	if key.Realm == "" {
		return true
	}
	r := o.realms[key.Realm]
	if r == nil {
		r = &realmOrder[T]{behind: map[domain.User][]T{}}
		o.realms[key.Realm] = r
	}
	return r.admit(key.User, item)
}

func (r *realmOrder[T]) admit(user domain.User, item T) bool {
	switch {
	case r.hasRealm:
		r.waiting = append(r.waiting, arrival[T]{user: user, item: item})
		return false
	case user == "":
		r.realm, r.hasRealm = item, true
		return r.users == 0
	}
	r.users++
	waiting, busy := r.behind[user]
	if busy {
		r.behind[user] = append(waiting, item)
		return false
	}
	r.behind[user] = nil
	return true
}

// Done notes that the work on an item with this key has ended. It returns the items that may
// begin now.
func (o *Order[T]) Done(key domain.Key) []T {
	r := o.realms[key.Realm]
	if r == nil {
		return nil
	}
	ready := r.done(key.User)
	if r.users == 0 && !r.hasRealm {
		delete(o.realms, key.Realm)
	}
	return ready
}

func (r *realmOrder[T]) done(user domain.User) []T {
	if user == "" {
		return r.realmDone()
	}
	r.users--
	if waiting := r.behind[user]; len(waiting) > 0 {
		r.behind[user] = waiting[1:]
		return waiting[:1]
	}
	delete(r.behind, user)
	if r.users == 0 && r.hasRealm {
		return []T{r.realm}
	}
	return nil
}

func (r *realmOrder[T]) realmDone() (ready []T) {
	var none T
	r.realm, r.hasRealm = none, false
	for len(r.waiting) > 0 && !r.hasRealm {
		next := r.waiting[0]
		r.waiting = r.waiting[1:]
		if r.admit(next.user, next.item) {
			ready = append(ready, next.item)
		}
	}
	return ready
}

// Realms counts the realms with items.
func (o *Order[T]) Realms() int { return len(o.realms) }
