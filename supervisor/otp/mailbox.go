package otp

import (
	"github.com/asynkron/protoactor-go/actor"
)

// The mailbox of a process: three lanes under the process's mutex. It is inert until the library starts it, which cures sending to a
// name that is being spawned, and it owns no buffer while it is idle. The methods in this file are the library's Mailbox.

// PostUserMessage queues an envelope of the engine; anything else that reaches a process from the library is refused.
func (p *proc) PostUserMessage(message any) {
	if e, ok := message.(*envelope); ok {
		p.enqueue(e)
	}
}

// PostSystemMessage queues a system message of the library.
func (p *proc) PostSystemMessage(message any) {
	p.enqueue(&envelope{sys: message, lane: controlLane})
}

// RegisterHandlers connects the mailbox to the library's context and dispatcher.
func (p *proc) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	p.invoker, p.dispatcher = invoker, dispatcher
}

// Start lets the mailbox run.
func (p *proc) Start() {
	p.mu.Lock()
	p.wired = true
	p.mu.Unlock()
	p.schedule()
}

// UserMessageCount returns how many requests wait.
func (p *proc) UserMessageCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.lanes[normalLane].n)
}

// enqueue links an envelope unless the process is closed, its incarnation is over or its bound is reached.
func (p *proc) enqueue(e *envelope) {
	p.mu.Lock()
	switch {
	case p.life == closed && e.lane != controlLane, p.life == gone:
		p.mu.Unlock()
		return
	case e.epoch != 0 && e.epoch != p.epoch:
		p.mu.Unlock()
		return
	}
	e.accepted = true
	p.lanes[e.lane].push(e)
	run := p.wired && !p.scheduled
	if run {
		p.scheduled = true
	}
	p.mu.Unlock()
	if run {
		p.dispatcher.Schedule(p.run)
	}
}

// full reports whether the normal lane has reached a bound; zero is none.
func (p *proc) full(bound int32) bool {
	if bound == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lanes[normalLane].n >= bound
}

func (p *proc) schedule() {
	p.mu.Lock()
	run := p.wired && !p.scheduled
	if run {
		p.scheduled = true
	}
	p.mu.Unlock()
	if run {
		p.dispatcher.Schedule(p.run)
	}
}

// take returns the next envelope, or nil when there is nothing to do: then the process is no longer scheduled.
func (p *proc) take() *envelope {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inHand = nil
	e := p.lanes[controlLane].pop()
	for l := urgentLane; e == nil && l < lanes && p.life == running; l++ {
		for e = p.lanes[l].pop(); e != nil && e.epoch != 0 && e.epoch != p.epoch; {
			e = p.lanes[l].pop() // of an incarnation that is over
		}
	}
	if e == nil {
		p.scheduled = false
		return nil
	}
	p.inHand = e
	return e
}

// run handles messages until there are none or others should have their turn. A handler that ends its goroutine
// (runtime.Goexit) ends this call too: the process is scheduled anew then.
func (p *proc) run() {
	done := false
	defer func() {
		if !done {
			p.dispatcher.Schedule(p.run)
		}
	}()
	for range p.dispatcher.Throughput() {
		e := p.take()
		if e == nil {
			done = true
			return
		}
		switch {
		case e.sys != nil:
			p.invoker.InvokeSystemMessage(e.sys)
		case e.op != nil:
			if crash := p.guard("an operation of the engine", e.op); crash != nil {
				p.crashed(crash)
			}
		default:
			p.invoker.InvokeUserMessage(e)
		}
	}
}
