package otp

import (
	"sync/atomic"

	"registrar/actors/trace"
)

// Down is the notification of a monitor: an incarnation of the process has ended. A crash counts
// even if the process is restarted.
type Down struct {
	Name   string
	Epoch  Epoch
	Reason Reason
	cause  trace.ID
}

// watcher is one monitor; it is notified once.
type watcher struct {
	tell     func(Down)
	notified atomic.Bool
}

// Monitor sends wrap(Down) to this incarnation, once, when the current incarnation behind the
// address ends. If there is none, it sends it at once.
func Monitor[M, N any](c *Context[N], to *Ref[M], wrap func(Down) N) {
	p, epoch := c.p, c.epoch
	w := &watcher{tell: func(d Down) { p.urgent(epoch, wrap(d), trace.Message, d.cause) }}
	t := to.target.Load()
	if t == nil || !t.watch(w) {
		w.tell(Down{Name: to.name, Reason: Reason{Kind: ExitShutdown, Term: ErrNoProcess}})
	}
}

func (p *proc) watch(w *watcher) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != running && p.phase != starting {
		return false
	}
	x := p.ensureExtras()
	x.watchers = append(x.watchers, w)
	return true
}

func (p *proc) tellWatchers(d Down) {
	p.mu.Lock()
	var ws []*watcher
	if p.extras != nil {
		ws, p.extras.watchers = p.extras.watchers, nil
	}
	p.mu.Unlock()
	for _, w := range ws {
		if w.notified.CompareAndSwap(false, true) {
			w.tell(d)
		}
	}
}
