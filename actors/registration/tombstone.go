package registration

import (
	"slices"
	"time"

	"registrar/actors/domain"
)

// maxTombstones is the number of tombstones in one record; the newest stay.
const maxTombstones = 8

func applied(rec domain.Record, d domain.Digest) bool {
	return slices.ContainsFunc(rec.Tombstones, func(t domain.Tombstone) bool { return t.Digest == d })
}

// addTombstone prepends the removal of b and keeps the newest [maxTombstones].
func addTombstone(ts []domain.Tombstone, b domain.Binding, by domain.Stamp, d domain.Digest, until time.Time) []domain.Tombstone {
	t := domain.Tombstone{ID: b.ID, Stamp: by, Digest: d, RemovedDigest: b.Digest, Until: until.UTC()}
	if b.Stamp.Sender == by.Sender && b.Stamp.Event != 0 && b.Stamp.Event < by.Event {
		t.RemovedDigest = domain.Digest{} // the order alone refuses it
	}
	ts = append([]domain.Tombstone{t}, ts...)
	return ts[:min(len(ts), maxTombstones)]
}

func unexpired(ts []domain.Tombstone, now time.Time) []domain.Tombstone {
	kept := slices.Clone(ts)
	return slices.DeleteFunc(kept, func(t domain.Tombstone) bool { return !now.Before(t.Until) })
}
