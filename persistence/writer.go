package persistence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

var errAbandoned = errors.New("the writer was abandoned")

// writer is the process that opens the registrations file and alone writes it. Its goroutine owns the batch and the fences.
//
// It collects operations and commits when the word that it sends itself comes round behind what is queued: no delay when it
// is idle, large batches when it is not.
//
// Should it be abandoned, which its context tells, whoever waits is answered all the same: the operations that it has taken are under a mutex for that.
type writer struct {
	keeper  *keeper
	scan    func(op primeOp) // has a shard's headers read by a reader
	fences  map[domain.Key]uint64
	floors  []uint64 // by shard: the epoch with which it primed last
	answers []func() // of the last batch, not given yet
	waiting bool     // commitNow is on its way
	// primed are the headers that the look through the file has found, by shard, until each has been asked for; nil when they are out of date.
	primed [][]domain.Header

	mu    sync.Mutex
	batch []WriterMessage // taken, and not answered
}

// Init opens the file and checks all of it.
func (w *writer) Init(c *otp.Context[WriterMessage]) error {
	context.AfterFunc(c.Context(), func() { w.refuse(w.settle(), domain.Wrap(domain.Unavailable, "store", errAbandoned)) })
	w.fences = map[domain.Key]uint64{}
	began, users := time.Now(), 0
	shards := w.keeper.opts.Shards
	w.primed = make([][]domain.Header, shards)
	var near domain.Realm
	err := w.keeper.begin(c.Epoch(), func(k, v []byte) error {
		h, err := decodeHeaderNear(k, v, near)
		if near = h.Key.Realm; err == nil && shards > 0 {
			s := domain.ShardOf(h.Key, shards)
			w.primed[s] = append(w.primed[s], h)
		}
		users++
		return err
	})
	if err != nil {
		return err
	}
	w.keeper.opts.Log.Info().Int("users", users).Dur("took", time.Since(began)).Msg("registrations opened")
	return nil
}

// Handle takes one message.
func (w *writer) Handle(c *otp.Context[WriterMessage], m WriterMessage) {
	switch m.(type) {
	case commitNow:
		w.waiting = false
		w.commit(c)
	case reopen:
		if w.keeper.retry() {
			c.After(retryAfter, reopen{})
		}
	case fenceOp, writeOp, releaseOp, primeOp, pruneOp:
		switch n := w.collect(m); {
		case n >= w.keeper.opts.MaxBatch:
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
	w.answer()
	if r.IsAbnormal() {
		w.refuse(w.settle(), domain.Wrap(domain.Unavailable, "store", fmt.Errorf("the writer crashed: %v", r.Term)))
	} else {
		w.commit(c)
	}
	if err := w.keeper.close(); err != nil {
		w.keeper.opts.Log.Error().Err(err).Msg("closing the registrations file")
	}
}

// State is what an operator may see.
func (w *writer) State() any {
	return struct {
		State         string
		Batch, Fences int
		Commits       uint64
	}{w.keeper.state.String(), len(w.inHand()), len(w.fences), w.keeper.health.Commits()}
}

// commit carries out the batch: one transaction, then the answers in the order in which the operations came.
func (w *writer) commit(c *otp.Context[WriterMessage]) {
	ops := w.inHand() // until the outcome: should this panic, Terminate answers
	if len(ops) == 0 {
		return
	}
	if w.keeper.state == stateReopening {
		w.refuse(w.settle(), w.keeper.why)
		return
	}
	b := w.prepare(ops)
	var wrote bool
	err := faulty(c.Fault, func() (err error) {
		wrote, err = w.write(b)
		return err
	})
	if err != nil {
		w.primed = nil // what is on disk may be another
		again := w.keeper.failed(err)
		w.refuse(w.settle(), err)
		if again {
			c.After(retryAfter, reopen{})
		}
		return
	}
	if len(b.refused) > 0 {
		w.keeper.fullNow()
	}
	if wrote {
		w.primed = nil
		w.keeper.succeeded(b.roomy && len(b.refused) == 0)
		c.Trace(trace.Commit, trace.Note{Text: b.size()})
	}
	w.answers = b.answers
	if err := c.Fault(fault.AfterCommit, ""); err != nil {
		panic(err)
	}
	w.answer()
	w.settle()
}

// collect adds to the batch, and says how large it is.
func (w *writer) collect(m WriterMessage) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batch = append(w.batch, m)
	return len(w.batch)
}

func (w *writer) inHand() []WriterMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.batch
}

// settle takes the batch from the writer: from now on who calls it answers.
func (w *writer) settle() []WriterMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	ops := w.batch
	w.batch = nil
	return ops
}

// answer gives the answers of a batch that is committed.
func (w *writer) answer() {
	for len(w.answers) > 0 {
		next := w.answers[0]
		w.answers = w.answers[1:]
		next()
	}
	w.answers = nil
}

func (w *writer) refuse(ops []WriterMessage, err error) {
	for _, op := range ops {
		if op, ok := op.(interface{ Undelivered(error) }); ok {
			op.Undelivered(err)
		}
	}
}

// prime answers one shard from the scan at opening, or has a reader make one: the fences have been raised, so that nobody writes these users
// meanwhile.
func (w *writer) prime(op primeOp) {
	if op.shards == len(w.primed) && w.primed[op.shard] != nil {
		hs := w.primed[op.shard]
		w.primed[op.shard] = nil // the next time somebody may have written
		op.done(hs, nil)
		return
	}
	w.scan(op)
}
