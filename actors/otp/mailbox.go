package otp

import (
	"time"

	"registrar/actors/trace"
)

// The mailbox of a process: three queues of linked envelopes under the mutex of the process. Each
// is a ring, referenced by its last envelope, so that an idle mailbox owns no buffer.

// push appends an envelope to its queue. The caller holds p.mu.
func (p *proc) push(e *envelope) {
	if last := p.queues[e.queue]; last != nil {
		e.next, last.next = last.next, e
	} else {
		e.next = e
	}
	p.queues[e.queue] = e
	p.queued[e.queue]++
}

// pop removes the first envelope of a queue and returns it, nil if the queue is empty. The caller
// holds p.mu.
func (p *proc) pop(l queue) *envelope {
	last := p.queues[l]
	if last == nil {
		return nil
	}
	e := last.next
	if e == last {
		p.queues[l] = nil
	} else {
		last.next = e.next
	}
	e.next = nil
	p.queued[l]--
	return e
}

// enqueue queues an envelope and schedules the process. It drops the envelope if the process has
// ended or the envelope is for another incarnation.
func (p *proc) enqueue(e *envelope) {
	p.mu.Lock()
	switch {
	case p.phase == closed && e.queue != controlQueue, p.phase == abandoned:
		p.mu.Unlock()
		return
	case e.epoch != 0 && e.epoch != p.epoch:
		p.mu.Unlock()
		return
	}
	e.accepted = true
	p.stamp(e)
	p.push(e)
	run := !p.scheduled
	p.scheduled = true
	p.mu.Unlock()
	if run {
		p.sys.schedule(p)
	}
}

// stampEvery is the number of consecutive messages that share one reading of the clock.
const stampEvery = 32

// stamp sets the queueing time. Most messages behind another one take over its time, which saves a
// clock reading: the age of the oldest message is an upper bound. The caller holds p.mu.
func (p *proc) stamp(e *envelope) {
	if n := p.queued[e.queue]; n%stampEvery == 0 && e.queue != controlQueue {
		e.time = p.sys.clock.Mono()
	} else if n > 0 {
		e.time = p.queues[e.queue].time
	}
}

// full reports whether the normal queue has reached a bound; zero means no bound.
func (p *proc) full(bound int32) bool {
	if bound == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued[normalQueue] >= bound
}

// take returns the next envelope and its queueing time. It returns nil if there is no work; the
// process is unscheduled then. A message that was queued after now was read is taken at its
// queueing time, so that no effect is recorded before its cause.
func (p *proc) take(now time.Duration) (e *envelope, queued time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = nil
	e = p.pop(controlQueue)
	for l := urgentQueue; e == nil && l < queueCount && p.phase == running && (!p.paused || p.steps > 0); l++ {
		for e = p.pop(l); e != nil && e.epoch != 0 && e.epoch != p.epoch; {
			e = p.pop(l) // for an earlier incarnation
		}
	}
	if e == nil {
		p.scheduled = false
		return nil, 0
	}
	if e.queue != controlQueue {
		queued, e.time = e.time, max(now, e.time)
		p.handled++
		e.id = trace.NewID(p.epoch.Counter(), uint64(p.handled))
		p.steps = max(p.steps, 1) - 1
	}
	p.current = e
	return e, queued
}

// run handles messages until the mailbox is empty or the throughput is reached. A Goexit in a
// handler ends this call as well; the process is scheduled again then.
func (p *proc) run() {
	done := false
	defer func() {
		if !done {
			p.goexit = false
			p.sys.schedule(p)
		}
	}()
	var now time.Duration
	for n := range p.sys.throughput() {
		if n == 0 || n%stampEvery == 0 && p.sys.rec == nil {
			now = p.sys.clock.Mono()
		}
		e, queued := p.take(now)
		if e == nil {
			done = true
			return
		}
		if op, ok := e.msg.(operation); !ok {
			now = p.handle(e, queued)
		} else {
			p.guard("an operation of the engine", op, p.operationEnded)
			if p.sys.rec != nil {
				now = p.sys.clock.Mono() // Init may have taken long
			}
		}
	}
}
