package otp

import (
	"time"

	"registrar/actors/trace"
)

// envelope carries one message through a mailbox. Envelopes are linked, so that an idle mailbox
// owns no buffer.
type envelope struct {
	next *envelope
	msg  any // an operation on the control queue
	// id identifies the message. Cause is the message that the sender was handling.
	id, cause trace.ID
	// epoch restricts the message to one incarnation; zero means any.
	epoch Epoch
	// time is the monotonic time of queueing, and of taking once the message is being handled.
	time time.Duration
	// from names a sender outside of the tree.
	from  external
	kind  trace.Kind
	queue queue
	// accepted is written by the sender only, before the envelope is linked.
	accepted bool
	// recorded means that the process has recorded the message. The mutex of the process guards
	// it.
	recorded bool
}

// operation is the content of an envelope on the control queue.
type operation func()

// queue is one of the queues of a mailbox. Each is first in, first out; messages of a lower queue
// overtake those of the higher ones.
type queue uint8

const (
	controlQueue queue = iota // operations of the engine
	urgentQueue               // completions, timers, monitors; unbounded
	normalQueue               // requests; bounded if the address has a bound
	queueCount
)
