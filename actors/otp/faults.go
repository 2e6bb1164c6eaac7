package otp

import (
	"reflect"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// fault applies an armed fault at a point of the engine.
func (p *proc) fault(at fault.Point, msg any) {
	if p.sys.faults.Armed() {
		p.takeFault(at, msg)
	}
}

func (p *proc) takeFault(at fault.Point, msg any) {
	message := ""
	if msg != nil {
		message = reflect.TypeOf(msg).String()
	}
	_ = p.applyFault(at, message) // at these points an error is a panic
}

// Fault is a fault point in the code of the process; it applies an armed fault. An empty message
// stands for the type of the current message. The process must treat a returned error like a real
// one.
func (c *Context[M]) Fault(at fault.Point, message string) error {
	p := c.p
	if !p.sys.faults.Armed() {
		return nil
	}
	// The process's own goroutine reads current without the lock.
	if e := p.current; message == "" && e != nil && e.queue != controlQueue {
		message = reflect.TypeOf(e.msg).String()
	}
	return p.applyFault(at, message)
}

// applyFault logs and records an armed fault, then applies it.
func (p *proc) applyFault(at fault.Point, message string) error {
	r, ok := p.sys.faults.Take(at, p.name(), message)
	if !ok {
		return nil
	}
	p.reportFault(&r, message, p.currentID())
	return r.Inject(p.name())
}

// reportFault logs and records a fault before it is applied to a process or to a message on its
// way to it.
func (p *proc) reportFault(r *fault.Rule, message string, cause trace.ID) {
	p.sys.log.Warn().Uint64("fault", r.ID).
		Str("kind", string(r.Kind)).Str("point", string(r.Point)).
		Str("process", p.name()).Str("message_type", message).
		Msg("applying injected fault")
	p.recordLife(trace.Fault, p.lastEpoch(), cause, string(r.Kind)+" at "+string(r.Point)+" "+message)
}
