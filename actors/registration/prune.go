package registration

import (
	"time"

	"registrar/actors/domain"
)

func live(rec domain.Record, now time.Time) []domain.Binding {
	var out []domain.Binding
	for _, b := range rec.Bindings {
		if b.Live(now) {
			out = append(out, b)
		}
	}
	return out
}

// withinGrace reports whether a binding is live, or expired within the grace period.
func withinGrace(b domain.Binding, now time.Time, lim Limits) bool {
	return b.Live(now.Add(-lim.Grace))
}

// PruneRecord applies [Prune] to a record without an actor. It returns the record without expired
// content, the removed bindings, and whether anything changed. It is pure.
func PruneRecord(rec domain.Record, now time.Time, lim Limits) (next domain.Record, ended []domain.Binding, changed bool) {
	next, out, changed := prune(rec, now, lim)
	return next, out.Expired, changed
}

// prune removes expired content after the grace period: bindings leave a tombstone, tombstones
// leave nothing. It reports the expired bindings and whether anything changed.
func prune(rec domain.Record, now time.Time, lim Limits) (next domain.Record, out Outcome, changed bool) {
	next = domain.Record{Key: rec.Key, Unprovisioned: rec.Unprovisioned, Tombstones: unexpired(rec.Tombstones, now)}
	out.Result = Removed
	for _, b := range rec.Bindings {
		if withinGrace(b, now, lim) {
			next.Bindings = append(next.Bindings, b)
			continue
		}
		out.Expired = append(out.Expired, b)
		if until := b.Deadline.Add(lim.TombstoneTTL); now.Before(until) {
			next.Tombstones = addTombstone(next.Tombstones, b, b.Stamp, b.Digest, until)
		}
	}
	changed = len(next.Bindings) != len(rec.Bindings) || len(next.Tombstones) != len(rec.Tombstones)
	return next, out, changed
}
