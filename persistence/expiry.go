package persistence

import (
	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// dueLook is how many records one call of [Registrations.Due] looks at: a reader's time, a few milliseconds.
const dueScanLimit = 10_000

// Due answers, in key order from a key on, at most limit users whose header is due, and where to go on; the zero key is the end of the file. It looks at a
// bounded number of records: a page may be empty and yet have a next one.
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

// Prune has decide take what has ended out of the committed records of these users, and answers after the commit: the headers of the records that were
// changed (one without content was deleted), and the users that have an incarnation meanwhile, which alone may change their records. What decide sees is
// the record as it is after every write that was accepted before, so nothing that came in between is lost. The answer comes before any later write of
// these users is answered.
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

// readPrunes decides on the records as they are. It runs when all fences of the batch have been taken: also an incarnation that begins in it owns
// its record.
func (w *writer) readPrunes(data *bolt.Bucket, b *batch) error {
	for _, p := range b.prunes {
		for _, k := range p.op.keys {
			if _, owned := w.fences[k]; owned {
				p.owned = append(p.owned, k)
				continue
			}
			if _, written := b.writes[k]; written {
				continue // its incarnation has come and gone in this batch
			}
			rec, found, err := get(data, k)
			if err != nil || !found {
				continue // what cannot be read is not touched: the check names it
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

// scan reads one shard's headers.
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
