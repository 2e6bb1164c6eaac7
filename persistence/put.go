package persistence

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"registrar/actors/domain"
)

// entry is a write as the file has it.
type entry struct {
	user       domain.Key
	key, value []byte // a nil value deletes
}

// entries are the writes in the order in which they are made: deletions first, so that they are the first to be tried when there is no room, each
// in the order of the keys in the file.
func (b *batch) entries() []entry {
	es := make([]entry, 0, len(b.writes))
	for k, w := range b.writes {
		es = append(es, entry{k, keyOf(k), w.value})
	}
	slices.SortFunc(es, func(x, y entry) int {
		return cmp.Or(cmp.Compare(min(len(x.value), 1), min(len(y.value), 1)), bytes.Compare(x.key, y.key))
	})
	return es
}

// put writes the entries in one transaction. When the file may not grow it tries them in halves: what makes room, or fits, must not be refused because
// it shares its commit with what does not. It reports whether something was written; an error is an unknown outcome.
func (w *writer) put(b *batch, es []entry) (wrote bool, err error) {
	if len(es) == 0 {
		return false, nil
	}
	err = w.keeper.update(func(data *bolt.Bucket) error { return put(data, es) })
	switch {
	case err == nil:
		return true, nil
	case !tooLarge(err):
		return false, err
	case len(es) == 1:
		b.refuse(es[0].user, err)
		return false, nil
	}
	half := len(es) / 2
	first, err := w.put(b, es[:half])
	if err != nil {
		return false, err
	}
	second, err := w.put(b, es[half:])
	return first || second, err
}

// tooLarge says that the file may not grow; then nothing has been written.
func tooLarge(err error) bool { return errors.Is(err, bolterrors.ErrMaxSizeReached) }

func put(data *bolt.Bucket, es []entry) error {
	longer := 0
	for _, e := range es {
		longer += growth(data, e.key, e.value)
	}
	if err := room(data, longer); err != nil {
		return err
	}
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

// growth is how many bytes longer a write makes the data; a nil value deletes. Without a limit nobody wants to know.
func growth(data *bolt.Bucket, key, value []byte) int {
	if data.Tx().DB().MaxSize == 0 {
		return 0
	}
	n := len(value)
	if value != nil {
		n += len(key)
	}
	if old := data.Get(key); old != nil {
		n -= len(key) + len(old)
	}
	return n
}

// room decides whether a transaction that makes the data so many bytes longer may go on. One that does not make them longer always may, and may take what
// lies beyond the size that the file may have: pages are copied before they are freed, and in a file that is full to the last page nothing could ever be
// removed. For that not to add up, the data themselves have to stay below the size.
func room(data *bolt.Bucket, longer int) error {
	tx := data.Tx()
	db := tx.DB()
	if longer <= 0 || db.MaxSize == 0 {
		db.MaxSize = 0
		return nil
	}
	s := db.Stats()
	if used := int(tx.Size()) - (s.FreePageN+s.PendingPageN)*db.Info().PageSize; used+longer > db.MaxSize {
		return bolterrors.ErrMaxSizeReached
	}
	return nil
}

// refuse takes a write out of the batch.
func (b *batch) refuse(k domain.Key, err error) {
	if b.refused == nil {
		b.refused = map[domain.Key]error{}
	}
	b.refused[k] = err
	for _, p := range b.prunes {
		p.changed = slices.DeleteFunc(p.changed, func(h domain.Header) bool { return h.Key == k })
	}
}

// unfit returns why writes of the batch were refused, nil when none was.
func (b *batch) unfit() error {
	for _, err := range b.refused {
		return err
	}
	return nil
}

// size says how many records the batch has written.
func (b *batch) size() string {
	if n := len(b.writes) - len(b.refused); n != 1 {
		return strconv.Itoa(n) + " records"
	}
	return "1 record"
}
