package otp

import (
	"reflect"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// fault is a point of the engine: an armed fault happens here.
func (p *proc) fault(at fault.Point, msg any) {
	if p.sys.faults.Armed() {
		p.takeFault(at, msg)
	}
}

func (p *proc) takeFault(at fault.Point, msg any) {
	what := ""
	if msg != nil {
		what = reflect.TypeOf(msg).String()
	}
	_ = p.applyFault(at, what) // at these points an error is a panic
}

// Fault is a point of the process's own code: an armed fault happens here. The message is the type of the one in hand if none is named. An error is what
// the code is to go on with.
func (c *Context[M]) Fault(at fault.Point, message string) error {
	p := c.p
	if !p.sys.faults.Armed() {
		return nil
	}
	if e := p.current; message == "" && e != nil && e.queue != controlQueue { // its own goroutine's to read
		message = reflect.TypeOf(e.msg).String()
	}
	return p.applyFault(at, message)
}

// injected has an armed fault happen, and says so first.
func (p *proc) applyFault(at fault.Point, message string) error {
	r, ok := p.sys.faults.Take(at, p.name(), message)
	if !ok {
		return nil
	}
	p.reportFault(&r, message, p.currentID())
	return r.Inject(p.name())
}

// sayFault logs and records a fault that is about to happen in a process, or to a message on its way to it.
func (p *proc) reportFault(r *fault.Rule, message string, cause trace.ID) {
	p.sys.log.Warn().Uint64("fault", r.ID).Str("kind", string(r.Kind)).Str("point", string(r.Point)).Str("process", p.name()).Str("message_type", message).
		Msg("an injected fault happens")
	p.recordLife(trace.Fault, p.lastEpoch(), cause, string(r.Kind)+" at "+string(r.Point)+" "+message)
}
