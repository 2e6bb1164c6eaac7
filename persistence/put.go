package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// entry is a write, encoded.
type entry struct {
	user       domain.Key
	key, value []byte // a nil value deletes
}

var errFull = domain.Wrap(domain.Full, "store", errors.New("the file has reached its maximum size"))

// put writes in one transaction, in key order. If the file is full, it refuses the writes that
// grow the data, and carries out all others: they must not fail because they share a commit with
// a write that does not fit.
//
// bbolt's own limit does not serve: it refuses the whole commit, deletions included, because
// bbolt copies pages before it frees them.
func (w *writer) put(b *batch) (wrote bool, err error) {
	most := w.manager.opts.MaxSize
	es := make([]entry, 0, len(b.writes))
	for k, w := range b.writes {
		es = append(es, entry{k, keyOf(k), w.value})
	}
	slices.SortFunc(es, func(x, y entry) int { return bytes.Compare(x.key, y.key) })
	err = w.manager.update(func(data *bolt.Bucket) error {
		left := spaceLeft(data, most)
		b.hasHeadroom = left >= most/headroomPart
		if left < math.MaxInt64 {
			es = slices.DeleteFunc(es, func(e entry) bool {
				n := growth(data, e)
				if n > 0 && n > left {
					b.refuse(e.user, errFull)
					return true
				}
				left -= max(n, 0) // a commit can use the pages that earlier commits freed
				return false
			})
		}
		if len(es) == 0 {
			return errNoWrites // saves a commit
		}
		return put(data, es)
	})
	if errors.Is(err, errNoWrites) {
		return false, nil
	}
	return err == nil, err
}

var errNoWrites = errors.New("nothing to write")

// headroomPart is the fraction of MaxSize that has to be free before a full file counts as not
// full.
const headroomPart = 64

func put(data *bolt.Bucket, es []entry) error {
	for _, e := range es {
		var err error
		if e.value == nil {
			err = data.Delete(e.key)
		} else {
			err = data.Put(e.key, e.value)
		}
		if err != nil {
			return fmt.Errorf("put: %w", err)
		}
	}
	return nil
}

// growth returns by how many bytes a write grows the data.
func growth(data *bolt.Bucket, e entry) (n int64) {
	if e.value != nil {
		n = int64(len(e.key) + len(e.value))
	}
	if old := data.Get(e.key); old != nil {
		n -= int64(len(e.key) + len(old))
	}
	return n
}

// spaceLeft returns by how many bytes the data may grow; most is the bound, or 0 for none.
func spaceLeft(data *bolt.Bucket, most int64) int64 {
	if most == 0 {
		return math.MaxInt64
	}
	tx := data.Tx()
	s := tx.DB().Stats()
	return most - tx.Size() + int64(s.FreePageN+s.PendingPageN)*int64(tx.DB().Info().PageSize)
}

// refuse removes a write from the batch.
func (b *batch) refuse(k domain.Key, err error) {
	if b.refused == nil {
		b.refused = map[domain.Key]error{}
	}
	b.refused[k] = err
	for _, p := range b.prunes {
		p.changed = slices.DeleteFunc(p.changed, func(h domain.Header) bool { return h.Key == k })
	}
}

// size returns the number of written records, for the trace.
func (b *batch) size() string { return records(len(b.writes) - len(b.refused)) }

func records(n int) string {
	if n == 1 {
		return "1 record"
	}
	return strconv.Itoa(n) + " records"
}
