package persistence

import (
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// commit carries out the batch: one transaction, then the answers in the order in which the operations came.
func (w *writer) commit(c *otp.Context[WriterMessage]) {
	ops := w.pending() // until the outcome: should this panic, Terminate answers
	if len(ops) == 0 {
		return
	}
	if w.manager.state == stateReopening {
		w.refuse(w.takeBatch(), w.manager.why)
		return
	}
	b := w.prepare(ops)
	var wrote bool
	err := withFaultPoints(c.Fault, func() (err error) {
		wrote, err = w.write(b)
		return err
	})
	if err != nil {
		w.primed = nil // what is on disk may be another
		again := w.manager.failed(err)
		w.refuse(w.takeBatch(), err)
		if again {
			c.After(retryAfter, reopen{})
		}
		return
	}
	if len(b.refused) > 0 {
		w.manager.markFull()
	}
	if wrote {
		w.primed = nil
		w.manager.succeeded(b.hasHeadroom && len(b.refused) == 0)
		c.Trace(trace.Commit, trace.Note{Text: b.size()})
	}
	w.answers = b.answers
	if err := c.Fault(fault.AfterCommit, ""); err != nil {
		panic(err)
	}
	w.answer()
	w.takeBatch()
}

// collect adds to the batch, and says how large it is.
func (w *writer) collect(m WriterMessage) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batch = append(w.batch, m)
	return len(w.batch)
}

func (w *writer) pending() []WriterMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.batch
}

// settle takes the batch from the writer: from now on who calls it answers.
func (w *writer) takeBatch() []WriterMessage {
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
