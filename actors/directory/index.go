package directory

import (
	"time"

	"registrar/actors/domain"
)

// index knows the expiry times of all users with a record, with or without an actor. It is
// grouped by realm, so a query about one realm does not visit the others.
type index struct {
	realms map[domain.Realm]map[domain.User]entry
	users  int
}

// entry holds the latest deadline of a user's bindings and the latest end of its tombstones, in
// Unix milliseconds. Zero means none.
type entry struct {
	deadline, until int64
	earlier         *[]int64 // deadlines of the other bindings; nil for at most one binding
	unprovisioned   bool
}

func newIndex() *index { return &index{realms: map[domain.Realm]map[domain.User]entry{}} }

func (x *index) get(k domain.Key) (entry, bool) {
	e, ok := x.realms[k.Realm][k.User]
	return e, ok
}

// update stores the header of a user's record. A header without content removes the user.
func (x *index) update(h domain.Header) {
	if h.Bindings == 0 && h.Until.IsZero() {
		x.remove(h.Key)
		return
	}
	users := x.realms[h.Key.Realm]
	if users == nil {
		users = map[domain.User]entry{}
		x.realms[h.Key.Realm] = users
	}
	e := entry{deadline: millis(h.Deadline), until: millis(h.Until), unprovisioned: h.Unprovisioned}
	if len(h.Earlier) > 0 {
		earlier := make([]int64, 0, len(h.Earlier))
		for _, t := range h.Earlier {
			earlier = append(earlier, millis(t))
		}
		e.earlier = &earlier
	}
	if _, known := users[h.Key.User]; !known {
		x.users++
	}
	users[h.Key.User] = e
}

func (x *index) remove(k domain.Key) {
	users := x.realms[k.Realm]
	if _, known := users[k.User]; !known {
		return
	}
	x.users--
	if delete(users, k.User); len(users) == 0 {
		delete(x.realms, k.Realm)
	}
}

// count returns the number of live bindings of a realm, or of all realms when it is empty.
func (x *index) count(realm domain.Realm, now time.Time) (n int) {
	ms := now.UnixMilli()
	for r, users := range x.realms {
		if realm != "" && r != realm {
			continue
		}
		for _, e := range users {
			n += e.live(ms)
		}
	}
	return n
}

func (e entry) live(now int64) (n int) {
	if e.deadline > now {
		n++
	}
	if e.earlier != nil {
		for _, t := range *e.earlier {
			if t > now {
				n++
			}
		}
	}
	return n
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
