package otp

import (
	"errors"
	"fmt"
)

// Suspend stops a process from handling messages; they queue up until [App.Resume]. Operations of
// the engine continue: a suspended process can be inspected, stopped and restarted. A suspended
// supervisor handles the events of its children after Resume.
func (a *App) Suspend(name string) error { return a.pause(name, func(p *proc) { p.paused = true }) }

// Resume ends the suspension of a process.
func (a *App) Resume(name string) error {
	return a.pause(name, func(p *proc) { p.paused, p.steps = false, 0 })
}

// ErrNotSuspended means that [App.Step] needs a suspended process.
var ErrNotSuspended = errors.New("the process is not suspended")

// Step lets a suspended process handle one message: the next queued one, or else the next to
// arrive.
func (a *App) Step(name string) error {
	p := a.root.find(name)
	if p == nil {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	p.mu.Lock()
	paused := p.paused
	p.mu.Unlock()
	if !paused {
		return fmt.Errorf("%s: %w", name, ErrNotSuspended)
	}
	return a.pause(name, func(p *proc) { p.steps = min(p.steps, 254) + 1 })
}

func (a *App) pause(name string, change func(*proc)) error {
	p := a.root.find(name)
	if p == nil {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	p.mu.Lock()
	change(p)
	p.mu.Unlock()
	p.post(func() { // schedules the process
		if s, ok := p.body.(*sup); ok {
			s.processEvents()
		}
	})
	return nil
}

// useStep reports whether a supervisor may handle an event now, and consumes a step.
func (p *proc) useStep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused {
		return true
	}
	if p.steps == 0 {
		return false
	}
	p.steps--
	return true
}
