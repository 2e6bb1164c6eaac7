package otp

import "runtime/debug"

// guard runs f, turns a panic or a Goexit into a reason, and goes on with then: a Goexit cannot be stopped, so that what comes after this call is not
// reached. For each Goexit there is one reason, the innermost guard's.
func (p *proc) guard(what string, f func(), then func(crash *Reason)) {
	completed := false
	defer func() {
		var crash *Reason
		if !completed {
			v := recover()
			if v == nil && p.goexit {
				return
			}
			p.goexit = v == nil
			crash = crashReason(v, what)
		}
		then(crash)
	}()
	f()
	completed = true
}

// aside runs f on a goroutine of its own and waits until it is over, however it ends: for what is rare, and must not end the goroutine of its caller.
func runIsolated(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		f()
	}()
	<-done
}

func crashReason(value any, what string) *Reason {
	if value == nil {
		value = "runtime.Goexit was called"
	}
	return &Reason{Kind: ExitCrash, Term: value, Stack: debug.Stack(), Message: what}
}
