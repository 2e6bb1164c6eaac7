package fault

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// ErrInjected is wrapped by every injected error and by the value of every injected panic.
var ErrInjected = errors.New("injected fault")

// ErrTorn is an injected error after which the caller has to complete the write and to report it
// as failed.
var ErrTorn = fmt.Errorf("%w: torn write", ErrInjected)

// Inject executes a fault that [Set.Take] returned; see [Set.Hit].
func (r *Rule) Inject(process string) error {
	at := r.Point
	err := fmt.Errorf("%w: %s at %s in %s", ErrInjected, r.Kind, at, process)
	switch r.Kind {
	case Torn:
		return fmt.Errorf("%w in %s", ErrTorn, process)
	case Error:
		if at == BeforeCommit || at == BeforePublish {
			return err
		}
		panic(err)
	case Panic:
		panic(err)
	case Goexit:
		runtime.Goexit()
	case Delay, Hang:
		r.wait()
	case Drop, Duplicate: // faults of messages; Check rejects them at points of the code
	}
	return nil
}

// wait returns when the delay or the hang is over.
func (r *Rule) wait() {
	over := make(chan struct{})
	if r.Kind == Delay {
		after := r.after
		if after == nil {
			after = func(d time.Duration, f func()) func() {
				t := time.AfterFunc(d, f)
				return func() { t.Stop() }
			}
		}
		defer after(r.Duration(), func() { close(over) })()
	}
	select {
	case <-over:
	case <-r.end:
	}
}
