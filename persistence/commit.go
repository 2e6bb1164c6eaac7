package persistence

import (
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// commit writes the batch in one transaction, then replies in the order of the operations.
func (w *writer) commit(c *otp.Context[WriterMessage]) {
	ops := w.pending() // if the commit panics, Terminate replies
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
		w.primed = nil // the file may have changed
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

// collect adds an operation to the batch and returns its size.
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

// takeBatch removes the batch. The caller has to reply to its operations.
func (w *writer) takeBatch() []WriterMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	ops := w.batch
	w.batch = nil
	return ops
}

// answer sends the replies of a committed batch.
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
