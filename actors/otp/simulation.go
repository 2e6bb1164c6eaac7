package otp

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// Scheduler decides when a process runs: for simulation.
type Scheduler interface {
	// Schedule takes note that a process has something to do, or a [Task] of a process, which has "/task" behind the name. Run has it handle one message, or
	// one operation of the engine, or does the task, and has to be called once, on a goroutine of its own; it may end that goroutine (runtime.Goexit), and a
	// task may take its time. When there is more to do then, Schedule has been called again before it returns.
	Schedule(process string, run func())
}

// WithScheduler has s run the processes one message at a time; the default is the library's dispatcher, which runs them side by side.
func WithScheduler(s Scheduler) Option { return func(sys *System) { sys.sched = s } }

// WithRandom has the jitter of restarts and of [Context.Random] come from f, which returns numbers from 0 up to 1 and is called by one process at a time
// when a [Scheduler] runs them; the default is math/rand.
func WithRandom(f func() float64) Option { return func(s *System) { s.random = f } }

func (s *System) schedule(p *proc) {
	if s.sched != nil {
		s.sched.Schedule(p.name(), p.run)
		return
	}
	s.disp.Schedule(p.run)
}

// aside runs a task of a process beside it.
func (s *System) aside(p *proc, task func()) {
	if s.sched != nil {
		s.sched.Schedule(p.name()+"/task", task)
		return
	}
	go task()
}

// throughput is how many messages a process handles in one go.
func (s *System) throughput() int {
	if s.sched != nil {
		return 1
	}
	return s.disp.Throughput()
}

// Library is the actor library's system under a [System]. To make one takes longer than to start hundreds of processes, so that whoever makes many systems
// that live one after the other has them share one.
type Library struct {
	actors *actor.ActorSystem
	mu     sync.Mutex
	pids   []*actor.PID // of the system that has it now
}

// NewLibrary makes one.
func NewLibrary() *Library { return &Library{actors: newActors()} }

// WithLibrary has a system use l instead of a library of its own: one system at a time, until [Library.Clear].
func WithLibrary(l *Library) Option { return func(s *System) { s.actors, s.shared = l.actors, l } }

// Clear makes the library ready for the next system: the last one is dead, of whatever it died.
func (l *Library) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, pid := range l.pids {
		l.actors.ProcessRegistry.Remove(pid)
	}
	l.pids = nil
}

func (l *Library) note(pid *actor.PID) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pids = append(l.pids, pid)
}
