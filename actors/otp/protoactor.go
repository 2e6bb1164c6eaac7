package otp

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// pid is the library's address of a process.
type pid = actor.PID

// library is protoactor-go's part of a [System]: the registry of process ids, sending to a
// registered id, and the dispatcher that starts a goroutine for a process with work. No other
// file of this package imports it.
type library struct {
	actors     *actor.ActorSystem
	dispatcher actor.Dispatcher
	lastID     atomic.Uint64
}

func newLibrary() *library {
	return &library{
		actors: actor.NewActorSystem(
			actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
				return slog.New(slog.DiscardHandler) // the engine reports its own events
			}),
			// After a dead letter the library keeps a goroutine for one throttle interval. The
			// default of a second can outlive the system.
			actor.WithDeadLetterThrottleInterval(time.Millisecond),
		),
		dispatcher: actor.NewDefaultDispatcher(throughput),
	}
}

// register gives a process an id in the library's registry. A number makes the id unique: the
// library frees a name before the stopped process has handled its end.
func (l *library) register(p *proc, name string) {
	p.pid, _ = l.actors.ProcessRegistry.Add(p, fmt.Sprintf("%s~%d", name, l.lastID.Add(1)))
}

func (l *library) unregister(p *proc) { l.actors.ProcessRegistry.Remove(p.pid) }

// send sends an envelope to a registered process: it comes back in [proc.SendUserMessage] before
// send returns.
func (l *library) send(p *proc, e *envelope) { l.actors.Root.Send(p.pid, e) }

func (l *library) schedule(run func()) { l.dispatcher.Schedule(run) }

// The methods of the library's Process interface.

// SendUserMessage queues an envelope of the engine. Any other message is a dead letter.
func (p *proc) SendUserMessage(_ *pid, message any) {
	if e, ok := message.(*envelope); ok {
		p.enqueue(e)
		return
	}
	p.sys.deadLetter(p.name(), message, 0)
}

// SendSystemMessage ignores the library's system messages (Watch, Stop, Restart, Suspend): this
// engine has its own life cycle and monitors.
func (*proc) SendSystemMessage(*pid, any) {}

// Stop is the library's request for an orderly stop.
func (p *proc) Stop(*pid) { p.stopSoon(Shutdown) }
