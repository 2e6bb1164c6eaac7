package otp

// Scheduler decides when a process runs. It is for simulation.
type Scheduler interface {
	// Schedule is called when a process, or a [Task] of a process, has work; the name of a task
	// is the name of its process followed by "/task". Run handles one message or one operation
	// of the engine, or does the task. The scheduler calls run exactly once, on a goroutine of
	// its own, because run may end its goroutine (runtime.Goexit) and a task may block. If work
	// is left, Schedule is called again before run returns.
	Schedule(process string, run func())
}

// WithScheduler makes s run the processes, one message at a time. Such a system does not use
// protoactor-go: it sends directly to the mailbox. The default is the library's dispatcher, which
// runs processes concurrently.
func WithScheduler(s Scheduler) Option { return func(sys *System) { sys.scheduler = s } }

// WithRandom sets the source of [Context.Random] and of the jitter of restarts. It returns numbers
// in [0, 1). Under a [Scheduler] only one process at a time calls it. The default is math/rand/v2.
func WithRandom(f func() float64) Option { return func(s *System) { s.random = f } }

func (s *System) schedule(p *proc) {
	if s.scheduler != nil {
		s.scheduler.Schedule(p.name(), p.run)
		return
	}
	s.library.schedule(p.run)
}

// runTask runs a task of a process on another goroutine.
func (s *System) runTask(p *proc, task func()) {
	if s.scheduler != nil {
		s.scheduler.Schedule(p.name()+"/task", task)
		return
	}
	go task()
}

// throughput is the number of messages that a process handles before it yields to others.
const throughput = 300

func (s *System) throughput() int {
	if s.scheduler != nil {
		return 1
	}
	return throughput
}
