package sim

import (
	"context"
	"sync/atomic"
	"time"

	"registrar/actors/otp"
)

// incarnationCount counts the incarnations of one run of the registrar: each must end.
type incarnationCount map[incarnation]int

type incarnation struct {
	process string
	epoch   otp.Epoch
}

func (l incarnationCount) observe(r otp.Report) {
	i := incarnation{r.Process, r.Epoch}
	switch r.Kind {
	case otp.ChildStarted, otp.ChildRestarted:
		l[i]++
	case otp.ChildTerminated, otp.ChildCrashed, otp.Abandoned:
		delete(l, i)
	case otp.GaveUp, otp.DeadLetter, otp.ReportsLost:
	}
}

// Stop stops the registrar in order, as SIGTERM does. It checks that work under way is finished,
// that nothing is redelivered, and that no process is left. It calls then repeatedly meanwhile.
func (w *World) Stop(then func()) {
	var open atomic.Int64 // a consumer held by a fault may reply at any time
	open.Store(int64(len(w.bridge.Consumers())))
	w.bridge.Drain(otp.External("stop"), func(string, error) { open.Add(-1) })
	drained := w.driveUntil(then, func() bool { return open.Load() == 0 })
	stopped := make(chan error, 1)
	go func() { stopped <- w.app.Stop(context.Background()) }()
	if !w.driveUntil(then, func() bool { return len(stopped) > 0 }) {
		w.fail("it has not stopped after %v", healWithin)
	} else if err := <-stopped; err != nil {
		w.fail("it ends with: %v", err)
	}
	for i, n := range w.incarnations {
		w.fail("%s (%v) has been started and has not ended (%d)", i.process, i.epoch, n)
	}
	for _, queue := range w.queues() {
		if ready, open := w.Broker.Depth(queue); drained && open > 0 {
			w.fail("%d messages of %s are delivered again after a clean stop (%d were waiting)", open, queue, ready)
		}
	}
	w.end()
}

// driveUntil calls do until the condition holds. It reports false when that takes too long.
func (w *World) driveUntil(do func(), ok func() bool) bool {
	for start := time.Now(); !ok(); do() {
		if time.Since(start) > healWithin {
			return false
		}
	}
	return true
}
