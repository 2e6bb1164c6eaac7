package persistence

import (
	"errors"
	"slices"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

var errStaleEpoch = errors.New("another incarnation owns the user")

// batch is one commit: the last write of each key, and the replies in the order of the
// operations.
type batch struct {
	writes      map[domain.Key]write
	refused     map[domain.Key]error // writes that did not fit into a full file
	hasHeadroom bool                 // the file is not full
	fences      []fenced
	prunes      []*pruning
	answers     []func()
}

type write struct {
	rec   domain.Record
	value []byte // nil deletes
}

// fenced is a fence of the batch. Its record is read before the writes, or taken from an earlier
// write of the batch.
type fenced struct {
	key      domain.Key
	rec      domain.Record
	resolved bool
	// pending reports that rec is that of a write in the batch.
	pending bool
	err     error
	done    func(domain.Record, error)
}

// prepare applies the fences and collects the writes.
func (w *writer) prepare(ops []WriterMessage) *batch {
	b := &batch{writes: map[domain.Key]write{}, fences: make([]fenced, 0, len(ops))}
	for _, op := range ops {
		switch op := op.(type) {
		case fenceOp:
			b.fences = append(b.fences, w.prepareFence(b, op))
			i := len(b.fences) - 1
			b.answers = append(b.answers, func() { b.fences[i].answer(b) })
		case writeOp:
			b.answers = append(b.answers, w.prepareWrite(b, op))
		case releaseOp:
			if w.fences[op.key] == op.epoch {
				delete(w.fences, op.key)
			}
		case primeOp:
			w.raiseFloor(op)
			for k, epoch := range w.fences {
				if epoch < op.epoch && domain.ShardOf(k, op.shards) == op.shard {
					delete(w.fences, k)
				}
			}
			b.answers = append(b.answers, func() { w.prime(op) })
		case pruneOp:
			b.answers = append(b.answers, w.preparePrune(b, op))
		case commitNow, reopen:
		}
	}
	return b
}

func (w *writer) prepareFence(b *batch, op fenceOp) fenced {
	f := fenced{key: op.key, done: op.done}
	if op.epoch < max(w.fences[op.key], w.floor(op.key)) {
		f.err, f.resolved = domain.Wrap(domain.Conflict, "fence", errStaleEpoch), true
		return f
	}
	w.fences[op.key] = op.epoch
	if pending, ok := b.writes[op.key]; ok {
		f.rec, f.resolved, f.pending = pending.rec, true, true
	}
	return f
}

func (w *writer) prepareWrite(b *batch, op writeOp) func() {
	if w.fences[op.rec.Key] != op.epoch {
		return func() { op.done(struct{}{}, domain.Wrap(domain.Conflict, "write", errStaleEpoch)) }
	}
	if err := w.manager.refusesWrites(); err != nil {
		return func() { op.done(struct{}{}, err) }
	}
	if err := checkKeySize(op.rec.Key); err != nil {
		return func() { op.done(struct{}{}, err) }
	}
	b.writes[op.rec.Key] = write{rec: op.rec, value: op.value}
	return func() { op.done(struct{}{}, b.refused[op.rec.Key]) }
}

// raiseFloor records the epoch at which a shard primed: later fences of older incarnations of
// its users are refused.
func (w *writer) raiseFloor(op primeOp) {
	if len(w.floors) != op.shards {
		w.floors = make([]uint64, op.shards)
	}
	w.floors[op.shard] = max(op.epoch, w.floors[op.shard])
}

func (w *writer) floor(k domain.Key) uint64 {
	if len(w.floors) == 0 {
		return 0
	}
	return w.floors[domain.ShardOf(k, len(w.floors))]
}

// write reads the records of the fences, then writes in ascending key order. So a fence sees the
// operations before it, and none after it in the same batch. It reports whether it wrote
// anything.
func (w *writer) write(b *batch) (wrote bool, err error) {
	if slices.ContainsFunc(b.fences, func(f fenced) bool { return !f.resolved }) {
		if err := w.manager.file.view(b.readFences); err != nil {
			return false, err
		}
	}
	if len(b.prunes) > 0 {
		if err := w.manager.file.view(func(data *bolt.Bucket) error { return w.readPrunes(data, b) }); err != nil {
			return false, err
		}
	}
	if len(b.writes) == 0 {
		return false, nil
	}
	return w.put(b)
}

func (b *batch) readFences(data *bolt.Bucket) error {
	for i := range b.fences {
		b.fences[i].read(data)
	}
	return nil
}

func (f *fenced) read(data *bolt.Bucket) {
	if f.resolved {
		return
	}
	f.rec.Key = f.key
	k := keyOf(f.key)
	if v := data.Get(k); v != nil {
		f.rec, f.err = decodeRecord(k, v)
		if f.err != nil {
			f.err = domain.Wrap(domain.Unavailable, "read", f.err)
		}
	}
}

// answer replies with the record, or with the refusal of the write that the record came from.
func (f *fenced) answer(b *batch) {
	if err := b.refused[f.key]; f.pending && err != nil {
		f.done(domain.Record{}, err)
		return
	}
	f.done(f.rec, f.err)
}
