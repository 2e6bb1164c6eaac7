package otp

import "runtime/debug"

// guard runs f and calls then with the reason of a panic or Goexit, or nil. A Goexit cannot be
// recovered: code after the call of guard is not reached then, so the continuation goes into
// then. Of nested guards only the innermost reports a Goexit.
func (p *proc) guard(message string, f func(), then func(crash *Reason)) {
	completed := false
	defer func() {
		var crash *Reason
		if !completed {
			v := recover()
			if v == nil && p.goexit {
				return
			}
			p.goexit = v == nil
			crash = crashReason(v, message)
		}
		then(crash)
	}()
	f()
	completed = true
}

// runIsolated runs f on its own goroutine and waits for its end, so that a Goexit or a panic in f
// does not end the caller. It costs a goroutine and is for rare events.
func runIsolated(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		f()
	}()
	<-done
}

func crashReason(value any, message string) *Reason {
	if value == nil {
		value = "runtime.Goexit was called"
	}
	return &Reason{Kind: ExitCrash, Term: value, Stack: debug.Stack(), Message: message}
}
