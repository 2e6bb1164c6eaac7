package registration

import (
	"slices"
	"time"

	"registrar/actors/domain"
	"registrar/actors/sip"
)

// register decides on a registration. It does not modify rec; a changed record is a new one.
func register(rec domain.Record, m Register, now time.Time, lim Limits) (domain.Record, Outcome) {
	if r, refused := precedence(rec, m, now, lim); refused {
		return rec, Outcome{Result: r}
	}
	expires := min(m.Expires, lim.MaxExpires)
	b := domain.Binding{
		ID: m.ID, Contact: m.Contact, Stamp: m.Stamp, Digest: m.Digest, Doc: m.Doc, Flow: m.Flow,
		Deadline: time.UnixMilli(m.Stamp.Arrival).Add(expires - m.Age).UTC(),
	}
	if !b.Live(now) {
		return rec, Outcome{Result: AlreadyExpired}
	}
	out := Outcome{Result: Registered, First: true}
	next := domain.Record{Key: rec.Key, Unprovisioned: m.Unprovisioned, Bindings: []domain.Binding{b}, Tombstones: unexpired(rec.Tombstones, now)}
	for _, old := range rec.Bindings {
		if withinGrace(old, now, lim) {
			out.First = false
		}
		switch {
		case old.ID == m.ID:
			out.Result = Refreshed
			out.addReplaced(old, now, lim)
		case old.Live(now) && len(next.Bindings) < lim.Bindings:
			next.Bindings = append(next.Bindings, old)
		default:
			out.addReplaced(old, now, lim)
			next.Tombstones = addTombstone(next.Tombstones, old, m.Stamp, m.Digest, now.Add(lim.TombstoneTTL))
		}
	}
	return next, out
}

// addReplaced records a binding that was replaced by another one.
func (o *Outcome) addReplaced(old domain.Binding, now time.Time, lim Limits) {
	switch {
	case old.Live(now):
		o.Previous = append(o.Previous, old)
	case !withinGrace(old, now, lim):
		o.Expired = append(o.Expired, old)
	}
}

// precedence reports whether the record outranks the message: the message was applied before, or
// it is older.
func precedence(rec domain.Record, m Register, now time.Time, lim Limits) (Result, bool) {
	full := len(rec.Bindings) >= lim.Bindings
	for i, b := range rec.Bindings {
		oldest := i == len(rec.Bindings)-1
		switch {
		case b.Digest == m.Digest:
			return Duplicate, true
		case m.Replay && b.Live(now):
			return Stale, true
		case b.ID == m.ID && m.Stamp.Before(b.Stamp):
			return Stale, true
		case full && oldest && b.ID != m.ID && m.Stamp.Before(b.Stamp):
			return Stale, true
		}
	}
	for _, t := range rec.Tombstones {
		switch {
		case t.Digest == m.Digest || t.RemovedDigest == m.Digest:
			return Duplicate, true
		case t.ID != m.ID:
		case m.Replay, m.Stamp.Before(t.Stamp):
			return Stale, true
		case m.Redelivered && m.Stamp.Sender == t.Stamp.Sender && m.Stamp.Event == t.Stamp.Event && t.RemovedDigest != (domain.Digest{}):
			// All happened within one second, and this is a redelivery: an earlier form of the
			// removed registration. If only older forms were removed, the phone came back within
			// that second.
			return Stale, true
		}
	}
	return 0, false
}

// unregister decides on the removal of one binding.
func unregister(rec domain.Record, m Unregister, now time.Time, lim Limits) (domain.Record, Outcome) {
	if applied(rec, m.Digest) {
		return rec, Outcome{Result: Duplicate}
	}
	i := slices.IndexFunc(rec.Bindings, func(b domain.Binding) bool { return sip.SameContact(b.Contact, m.Contact) && sameFlow(b.Flow, m.Flow) })
	if i < 0 {
		return rec, Outcome{Result: NotRegistered}
	}
	if m.Stamp.Before(rec.Bindings[i].Stamp) {
		return rec, Outcome{Result: Stale}
	}
	return remove(rec, rec.Bindings[i:i+1], m.Stamp, m.Digest, now, lim)
}

// flush decides on the removal of all bindings that are not newer than the flush.
func flush(rec domain.Record, m Flush, now time.Time, lim Limits) (domain.Record, Outcome) {
	if applied(rec, m.Digest) {
		return rec, Outcome{Result: Duplicate}
	}
	older := slices.Clone(rec.Bindings)
	older = slices.DeleteFunc(older, func(b domain.Binding) bool { return m.Stamp.Before(b.Stamp) })
	if len(older) == 0 {
		return rec, Outcome{Result: NotRegistered}
	}
	return remove(rec, older, m.Stamp, m.Digest, now, lim)
}

// FlushRecord removes from a record what the actor's [Flush] removes, and reports whether that is
// anything. It is for a command that works on the file while no server runs.
func FlushRecord(rec domain.Record, m Flush, now time.Time, lim Limits) (domain.Record, bool) {
	next, out := flush(rec.ClampToClock(now), m, now, lim)
	return next, out.Result == Removed
}

func remove(rec domain.Record, removed []domain.Binding, by domain.Stamp, d domain.Digest, now time.Time, lim Limits,
) (domain.Record, Outcome) {
	next := domain.Record{Key: rec.Key, Unprovisioned: rec.Unprovisioned, Tombstones: unexpired(rec.Tombstones, now)}
	out := Outcome{Result: Removed}
	for _, b := range rec.Bindings {
		if !slices.ContainsFunc(removed, func(g domain.Binding) bool { return g.ID == b.ID }) {
			next.Bindings = append(next.Bindings, b)
			continue
		}
		if b.Live(now) {
			out.Previous = append(out.Previous, b)
		} else {
			out.Expired = append(out.Expired, b)
		}
		next.Tombstones = addTombstone(next.Tombstones, b, by, d, now.Add(lim.TombstoneTTL))
	}
	return next, out
}

// sameFlow reports whether an unregister is about the bound flow. A phone may have moved to another
// proxy with the same contact: a late unregister of the old proxy must not end its binding. A field
// that one side does not know restricts nothing.
func sameFlow(bound, named domain.Flow) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return !differ(bound.CallID, named.CallID) && !differ(bound.ProxyPath, named.ProxyPath)
}
