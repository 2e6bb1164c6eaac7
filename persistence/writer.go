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

// writer is the only process that opens and writes the registrations file. Its goroutine owns
// the batch and the fences.
//
// It batches by enqueueing a commit marker behind the pending operations: no delay when idle,
// large batches under load.
//
// When its incarnation is abandoned, the pending operations are refused from another goroutine,
// so a mutex guards the batch.
type writer struct {
	manager      *fileManager
	scan         func(op primeOp) // submits a scan of a shard to a reader
	fences       map[domain.Key]uint64
	floors       []uint64 // the epoch of the last priming, by shard
	answers      []func() // replies of the last batch that are still to be sent
	commitQueued bool     // commitNow is queued
	// primed are the headers of the scan at opening, by shard, until each shard has primed; nil
	// when outdated.
	primed [][]domain.Header

	mu    sync.Mutex
	batch []WriterMessage // without a reply yet
}

// Init verifies and opens the file.
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

// Handle handles one message.
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

// Terminate commits the batch, unless the incarnation crashed, and closes the file. Every
// pending operation gets a reply.
func (w *writer) Terminate(c *otp.Context[WriterMessage], r otp.Reason) {
	w.answer()
	if r.IsAbnormal() {
		w.refuse(w.takeBatch(), domain.Wrap(domain.Unavailable, "store", fmt.Errorf("the writer crashed: %v", r.Term)))
	} else {
		w.commit(c)
	}
	if err := w.manager.close(); err != nil {
		w.manager.opts.Log.Error().Err(err).Msg("registrations file close failed")
	}
}

// State returns a summary for operators.
func (w *writer) State() any {
	return struct {
		State         string
		Batch, Fences int
		Commits       uint64
	}{w.manager.state.String(), len(w.pending()), len(w.fences), w.manager.health.Commits()}
}

// prime replies with the headers of the scan at opening, or submits a scan. The fences are
// raised, so nobody writes these users meanwhile.
func (w *writer) prime(op primeOp) {
	if op.shards == len(w.primed) && w.primed[op.shard] != nil {
		hs := w.primed[op.shard]
		w.primed[op.shard] = nil // a later call must see later writes
		op.done(hs, nil)
		return
	}
	w.scan(op)
}
