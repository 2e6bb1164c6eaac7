package persistence

import (
	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// dueScanLimit is how many records one call of [Registrations.Due] reads: a few milliseconds.
const dueScanLimit = 10_000

// Due replies with at most limit users with a due header, in key order from start, and with the
// key to continue from; the zero key is the end of the file. It reads a bounded number of
// records: a page may be empty and yet have a next one.
func (r *Registrations) Due(from otp.Origin, start domain.Key, limit int, due func(domain.Header) bool, done func(keys []domain.Key, next domain.Key, err error)) {
	type found struct {
		keys []domain.Key
		next domain.Key
	}
	submit(r.pool, from, start, func() (f found, err error) {
		err = r.file.view(func(data *bolt.Bucket) error {
			c, seen := data.Cursor(), 0
			for k, v := c.Seek(seekKey(start)); k != nil; k, v = c.Next() {
				h, err := decodeHeader(k, v)
				if err != nil {
					return err
				}
				if seen++; seen > dueScanLimit || len(f.keys) == limit {
					f.next = h.Key
					return nil
				}
				if due(h) {
					f.keys = append(f.keys, h.Key)
				}
			}
			return nil
		})
		return f, err
	}, func(f found, err error) { done(f.keys, f.next, err) })
}

func seekKey(k domain.Key) []byte {
	if k == (domain.Key{}) {
		return nil
	}
	return keyOf(k)
}

// Prune lets decide remove ended bindings and tombstones from the committed records of users.
// After the commit it replies with the headers of the changed records (an empty record was
// deleted), and with the users that have an incarnation by now: only the incarnation may change
// its record. The function decide sees each record after every write accepted before. Prune
// replies before any later write of these users is replied to.
func (r *Registrations) Prune(from otp.Origin, keys []domain.Key, decide func(domain.Record) (domain.Record, bool), done func([]domain.Header, []domain.Key, error)) {
	answer := once(func(p pruned, err error) { done(p.changed, p.owned, err) })
	if err := r.tell(from, pruneOp{keys: keys, decide: decide, done: answer}); err != nil {
		answer(pruned{}, err)
	}
}

// pruning is a pruneOp in a batch.
type pruning struct {
	op pruneOp
	pruned
}

func (w *writer) preparePrune(b *batch, op pruneOp) func() {
	if err := w.manager.refusesWrites(); err != nil {
		return func() { op.done(pruned{}, err) }
	}
	p := &pruning{op: op}
	b.prunes = append(b.prunes, p)
	return func() { op.done(p.pruned, nil) }
}

// readPrunes decides on the current records. It runs after all fences of the batch: an
// incarnation that begins in the batch owns its record.
func (w *writer) readPrunes(data *bolt.Bucket, b *batch) error {
	for _, p := range b.prunes {
		for _, k := range p.op.keys {
			if _, owned := w.fences[k]; owned {
				p.owned = append(p.owned, k)
				continue
			}
			if _, written := b.writes[k]; written {
				continue // its incarnation began and ended in this batch
			}
			rec, found, err := get(data, k)
			if err != nil || !found {
				continue // store check names an unreadable record; it is left alone
			}
			if next, changed := p.op.decide(rec); changed {
				next.Key = k
				w := write{rec: next}
				if !next.Empty() {
					w.value = encodeRecord(&next, 0)
				}
				b.writes[k] = w
				p.changed = append(p.changed, next.Header())
			}
		}
	}
	return nil
}

// scan reads the headers of one shard.
func (r *Registrations) scan(op primeOp) {
	submitBulk(r.pool, otp.External("store"), func() (hs []domain.Header, err error) {
		err = r.file.view(func(data *bolt.Bucket) error {
			return data.ForEach(func(k, v []byte) error {
				h, err := decodeHeader(k, v)
				if err == nil && domain.ShardOf(h.Key, op.shards) == op.shard {
					hs = append(hs, h)
				}
				return err
			})
		})
		return hs, err
	}, op.done)
}
