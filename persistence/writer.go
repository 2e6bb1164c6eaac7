package persistence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

var errAbandoned = errors.New("the writer was abandoned")

// writer is the process that opens the registrations file and alone writes it. Its goroutine owns the batch and the fences.
//
// It collects operations and commits when the word that it sends itself comes round behind what is queued: no delay when it
// is idle, large batches when it is not.
//
// Should it be abandoned, which its context tells, whoever waits is answered all the same: the operations that it has taken are under a mutex for that.
type writer struct {
	manager      *fileManager
	scan         func(op primeOp) // has a shard's headers read by a reader
	fences       map[domain.Key]uint64
	floors       []uint64 // by shard: the epoch with which it primed last
	answers      []func() // of the last batch, not given yet
	commitQueued bool     // commitNow is on its way
	// primed are the headers that the look through the file has found, by shard, until each has been asked for; nil when they are out of date.
	primed [][]domain.Header

	mu    sync.Mutex
	batch []WriterMessage // taken, and not answered
}

// Init opens the file and checks all of it.
func (w *writer) Init(c *otp.Context[WriterMessage]) error {
	context.AfterFunc(c.Context(), func() { w.refuse(w.takeBatch(), domain.Wrap(domain.Unavailable, "store", errAbandoned)) })
	w.fences = map[domain.Key]uint64{}
	began, users := time.Now(), 0
	shards := w.manager.opts.Shards
	w.primed = make([][]domain.Header, shards)
	var near domain.Realm
	err := w.manager.begin(c.Epoch(), func(k, v []byte) error {
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
	w.manager.opts.Log.Info().Int("users", users).Dur("took", time.Since(began)).Msg("registrations opened")
	return nil
}

// Handle takes one message.
func (w *writer) Handle(c *otp.Context[WriterMessage], m WriterMessage) {
	switch m.(type) {
	case commitNow:
		w.commitQueued = false
		w.commit(c)
	case reopen:
		if w.manager.retry() {
			c.After(retryAfter, reopen{})
		}
	case fenceOp, writeOp, releaseOp, primeOp, pruneOp:
		switch n := w.collect(m); {
		case n >= w.manager.opts.MaxBatch:
			w.commit(c)
		case !w.commitQueued:
			w.commitQueued = true
			c.Enqueue(commitNow{})
		}
	}
}

// Terminate commits what was collected, unless the incarnation crashed in doing just that, and closes the file. Nobody is left
// without an answer.
func (w *writer) Terminate(c *otp.Context[WriterMessage], r otp.Reason) {
	w.answer()
	if r.IsAbnormal() {
		w.refuse(w.takeBatch(), domain.Wrap(domain.Unavailable, "store", fmt.Errorf("the writer crashed: %v", r.Term)))
	} else {
		w.commit(c)
	}
	if err := w.manager.close(); err != nil {
		w.manager.opts.Log.Error().Err(err).Msg("closing the registrations file")
	}
}

// State is what an operator may see.
func (w *writer) State() any {
	return struct {
		State         string
		Batch, Fences int
		Commits       uint64
	}{w.manager.state.String(), len(w.pending()), len(w.fences), w.manager.health.Commits()}
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
