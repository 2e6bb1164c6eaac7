package otp

import "fmt"

// LinkError is the crash of a process because one that it was linked to has ended abnormally.
type LinkError struct{ Down Down }

// Error names the other process and its reason.
func (e *LinkError) Error() string {
	return fmt.Sprintf("linked to %s: %v", e.Down.Name, e.Down.Reason)
}

// Link ties the fates of two incarnations, this one and the one that is behind the address now: when one ends abnormally, by a crash
// after which it is restarted, too, the other crashes with a [LinkError]. An end that is normal or a shutdown touches nobody. When
// there is nobody behind the address, this process crashes (OTP: link/1, noproc). To be told instead of being crashed, use [Monitor]: it
// is what trapping exits is for.
func Link[M, N any](c *Context[N], to *Ref[M]) {
	p, epoch := c.p, c.epoch
	other := to.target.Load()
	if other == nil {
		p.exitSignal(epoch, Down{Name: to.name, Reason: Reason{Kind: ExitCrash, Term: ErrNoProcess}})
		return
	}
	theirs := other.currentEpoch()
	if !other.watch(&watcher{tell: func(d Down) { p.exitSignal(epoch, d) }}) {
		p.exitSignal(epoch, Down{Name: to.name, Reason: Reason{Kind: ExitCrash, Term: ErrNoProcess}})
		return
	}
	p.watch(&watcher{tell: func(d Down) { other.exitSignal(theirs, d) }})
}

// exitSignal crashes one incarnation because of an abnormal end elsewhere.
func (p *proc) exitSignal(epoch Epoch, d Down) {
	if !d.Reason.IsAbnormal() {
		return
	}
	p.post(func() {
		if p.currentEpoch() == epoch {
			p.crashed(&Reason{Kind: ExitCrash, Term: &LinkError{Down: d}})
		}
	})
}
