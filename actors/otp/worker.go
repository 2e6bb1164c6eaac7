package otp

import (
	"fmt"
)

// typed is the [body] of a worker with messages of type M.
type typed[M any] struct {
	ref       *Ref[M]
	factory   func() Behaviour[M]
	behaviour Behaviour[M]
	context   *Context[M]
	parent    parent
}

func (*typed[M]) takeQueue([]*envelope) bool { return false }

func (t *typed[M]) report(e childEvent) { t.parent.childEvent(e) }

func (t *typed[M]) incarnate(p *proc, epoch Epoch) {
	t.context = &Context[M]{p: p, epoch: epoch}
	t.context.self.Store(t.ref)
	t.behaviour = nil
}

func (t *typed[M]) init() error {
	t.behaviour = t.factory()
	return t.behaviour.Init(t.context)
}

func (t *typed[M]) handle(msg any) {
	t.behaviour.Handle(t.context, cast[M](t.context.p, msg))
}

func cast[M any](p *proc, msg any) M {
	m, ok := msg.(M)
	if !ok {
		panic(fmt.Sprintf("otp: %s got a %T", p.name(), msg))
	}
	return m
}

func (t *typed[M]) terminate(r Reason) {
	if t.behaviour != nil {
		t.behaviour.Terminate(t.context, r)
	}
}

func (t *typed[M]) state() any { return stateOf(t.behaviour) }

func stateOf(behaviour any) any {
	if s, ok := behaviour.(Stater); ok {
		return s.State()
	}
	return nil
}

func (t *typed[M]) bind(p *proc)   { t.ref.target.Store(p) }
func (t *typed[M]) unbind(p *proc) { t.ref.target.CompareAndSwap(p, nil) }
