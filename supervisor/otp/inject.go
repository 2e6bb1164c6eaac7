package otp

import (
	"reflect"

	"registrar/supervisor/fault"
)

// fault is a point of the engine: an armed fault happens here.
func (p *proc) fault(at fault.Point, msg any) {
	if p.sys.faults.Armed() {
		p.hit(at, msg)
	}
}

func (p *proc) hit(at fault.Point, msg any) {
	what := ""
	if msg != nil {
		what = reflect.TypeOf(msg).String()
	}
	_ = p.sys.faults.Hit(at, p.name(), what) // at these points an error is a panic
}

// Fault is a point of the process's own code: an armed fault happens here. An error is what the code is to go on with.
func (c *Context[M]) Fault(at fault.Point, message string) error {
	if !c.p.sys.faults.Armed() {
		return nil
	}
	return c.p.sys.faults.Hit(at, c.p.name(), message) //nolint:wrapcheck // it is the fault itself.
}
