package otp

import (
	"time"

	"registrar/actors/trace"
)

// The mailbox of a process: three lanes under the process's mutex, each a circle of linked envelopes, so that an idle one owns no buffer.

// push links an envelope behind its lane. The caller has p.mu.
func (p *proc) push(e *envelope) {
	if last := p.queues[e.queue]; last != nil {
		e.next, last.next = last.next, e
	} else {
		e.next = e
	}
	p.queues[e.queue] = e
	p.queued[e.queue]++
}

// pop takes the first envelope of a lane, nil when there is none. The caller has p.mu.
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

// enqueue links an envelope unless the process is closed, its incarnation is over or its bound is reached.
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

// stampEvery is how many messages, queued or handled one after the other, share one reading of the clock.
const stampEvery = 32

// stamp notes when a message is queued. What comes behind others takes over the time of the one before it, but for some: the age of
// the oldest message is an upper bound then, and a message costs no reading of the clock. The caller has p.mu.
func (p *proc) stamp(e *envelope) {
	if n := p.queued[e.queue]; n%stampEvery == 0 && e.queue != controlQueue {
		e.time = p.sys.clock.Mono()
	} else if n > 0 {
		e.time = p.queues[e.queue].time
	}
}

// full reports whether the normal lane has reached a bound; zero is none.
func (p *proc) full(bound int32) bool {
	if bound == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queued[normalQueue] >= bound
}

// take returns the next envelope, taken at now, and when it was queued, or nil when there is nothing to do: then the process is no longer scheduled. Now was
// read before: what was queued after that, while this goroutine had no processor, is taken when it was queued, or it would come before its cause.
func (p *proc) take(now time.Duration) (e *envelope, queued time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = nil
	e = p.pop(controlQueue)
	for l := urgentQueue; e == nil && l < queueCount && p.phase == running && (!p.paused || p.steps > 0); l++ {
		for e = p.pop(l); e != nil && e.epoch != 0 && e.epoch != p.epoch; {
			e = p.pop(l) // of an incarnation that is over
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

// run handles messages until there are none or others should have their turn. A handler that ends its goroutine
// (runtime.Goexit) ends this call too: the process is scheduled anew then.
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
				now = p.sys.clock.Mono() // Init may have taken a while
			}
		}
	}
}
