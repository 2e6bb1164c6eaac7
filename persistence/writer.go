package persistence

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/supervisor/otp"
)

// reopenAfter is how long a writer waits between attempts to open its file again after a failed commit.
const reopenAfter = 500 * time.Millisecond

// writer is the process that opens the registrations file and alone writes it. Its goroutine owns the batch and the fences.
//
// It collects operations and commits when the word that it sends itself comes round behind what is queued: no delay when it
// is idle, large batches when it is not.
type writer struct {
	opts    Options
	file    *file
	fences  map[domain.Key]uint64
	floors  []uint64 // by shard: the epoch with which it primed last
	batch   []WriterMessage
	waiting bool // commitNow is on its way
	broken  error
	// primed are the headers of the scan that opened the file, by shard, until each has been asked for.
	primed map[int][]domain.Header
	of     int
	heads  []domain.Header
}

// Init opens the file and checks all of it.
func (w *writer) Init(*otp.Context[WriterMessage]) error {
	w.fences = map[domain.Key]uint64{}
	return w.open()
}

func (w *writer) open() error {
	w.heads, w.primed = nil, nil
	began := time.Now()
	db, err := open(w.opts, registrationsKind, func(k, v []byte) error {
		h, err := decodeHeader(k, v)
		w.heads = append(w.heads, h)
		return err
	})
	if err != nil {
		return err
	}
	w.file.set(db)
	w.opts.Log.Info().Int("users", len(w.heads)).Dur("took", time.Since(began)).Msg("registrations opened")
	return nil
}

// Handle takes one message.
func (w *writer) Handle(c *otp.Context[WriterMessage], m WriterMessage) {
	switch m.(type) {
	case commitNow:
		w.waiting = false
		w.commit(c)
	case reopen:
		w.reopen(c)
	case fenceOp, writeOp, releaseOp, primeOp:
		w.batch = append(w.batch, m)
		switch {
		case len(w.batch) >= w.opts.batch():
			w.commit(c)
		case !w.waiting:
			w.waiting = true
			c.Enqueue(commitNow{})
		}
	}
}

// Terminate commits what was collected, unless the incarnation crashed in doing just that, and closes the file. Nobody is left
// without an answer.
func (w *writer) Terminate(c *otp.Context[WriterMessage], r otp.Reason) {
	if r.IsAbnormal() {
		w.refuse(w.batch, domain.Wrap(domain.Unavailable, "store", fmt.Errorf("the writer crashed: %v", r.Term)))
	} else {
		w.commit(c)
	}
	if err := w.file.close(); err != nil {
		w.opts.Log.Error().Err(err).Msg("closing the registrations file")
	}
}

// State is what an operator may see.
func (w *writer) State() any {
	state := "ok"
	if w.broken != nil {
		state = "reopening"
	}
	return struct {
		State         string
		Batch, Fences int
	}{state, len(w.batch), len(w.fences)}
}

// commit carries out the batch: one transaction, then the answers in the order in which the operations came.
func (w *writer) commit(c *otp.Context[WriterMessage]) {
	ops := w.batch // kept until the outcome: should this panic, Terminate answers
	if len(ops) == 0 {
		return
	}
	if w.broken != nil {
		w.batch = nil
		w.refuse(ops, w.broken)
		return
	}
	b := w.prepare(ops)
	err := b.commit(w.file)
	w.batch = nil
	if err != nil {
		w.broken = err
		w.opts.Log.Error().Err(err).Int("operations", len(ops)).Msg("commit failed: its outcome is unknown, the file is opened again")
		w.refuse(ops, err)
		c.After(reopenAfter, reopen{})
		return
	}
	for _, answer := range b.answers {
		answer()
	}
}

// reopen closes the file, checks all of it and opens it again. The fences stay: they are this writer's promise, not the file's.
func (w *writer) reopen(c *otp.Context[WriterMessage]) {
	if err := w.file.close(); err != nil {
		w.opts.Log.Warn().Err(err).Msg("closing the registrations file after a failed commit")
	}
	err := w.open()
	w.heads = nil // what a shard that primes later has to see is in the file
	if err != nil {
		w.broken = err
		w.opts.Log.Error().Err(err).Msg("the registrations file cannot be opened again yet")
		c.After(reopenAfter, reopen{})
		return
	}
	w.broken = nil
}

func (w *writer) refuse(ops []WriterMessage, err error) {
	for _, op := range ops {
		switch op := op.(type) {
		case fenceOp:
			op.done(domain.Record{}, err)
		case writeOp:
			op.done(err)
		case primeOp:
			op.done(nil, err)
		case releaseOp, commitNow, reopen:
		}
	}
}

// prime answers one shard from the scan at opening, or by a scan of its own.
func (w *writer) prime(op primeOp) ([]domain.Header, error) {
	if w.heads != nil {
		w.primed, w.of = map[int][]domain.Header{}, op.shards
		for _, h := range w.heads {
			s := domain.ShardOf(h.Key, op.shards)
			w.primed[s] = append(w.primed[s], h)
		}
		for s := range op.shards {
			w.primed[s] = append(w.primed[s], []domain.Header{}...)
		}
		w.heads = nil
	}
	if hs, ok := w.primed[op.shard]; ok && w.of == op.shards {
		delete(w.primed, op.shard)
		return hs, nil
	}
	var hs []domain.Header
	err := w.file.view(func(data *bolt.Bucket) error {
		return data.ForEach(func(k, v []byte) error {
			h, err := decodeHeader(k, v)
			if err == nil && domain.ShardOf(h.Key, op.shards) == op.shard {
				hs = append(hs, h)
			}
			return err
		})
	})
	return hs, err
}
