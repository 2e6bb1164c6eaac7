package otp

import "fmt"

// LinkError is the crash of a process because a linked process ended abnormally.
type LinkError struct{ Down Down }

// Error names the linked process and its reason.
func (e *LinkError) Error() string {
	return fmt.Sprintf("linked to %s: %v", e.Down.Name, e.Down.Reason)
}

// Link links this incarnation with the current one behind the address (OTP: link/1). If one ends
// abnormally, the other crashes with a [LinkError], even if the first one is restarted. Exits with
// normal or shutdown do not propagate. If there is no process behind the address, this process
// crashes (OTP: noproc). [Monitor] takes the place of trapping exits.
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

// exitSignal crashes one incarnation after an abnormal end of a linked one.
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
