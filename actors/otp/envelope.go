package otp

import (
	"time"

	"registrar/actors/trace"
)

// envelope carries one message through a mailbox. It is linked into its lane, so that an idle mailbox owns no buffer.
type envelope struct {
	next *envelope
	msg  any // an operation, on the control lane
	// id names the message, cause the one that its sender was handling when it sent it.
	id, cause trace.ID
	// epoch restricts the message to one incarnation; zero is any.
	epoch Epoch
	// at is when it was queued and, once it is in hand, when it was taken, on the monotonic clock.
	time time.Duration
	// from is who outside of the tree has sent it.
	from  external
	kind  trace.Kind
	queue queue
	// accepted is written by the poster alone, before the envelope is linked.
	accepted bool
	// recorded means that its own process has recorded it. The process's mutex guards it.
	recorded bool
}

// operation is what the control lane carries in place of a message.
type operation func()

// lane is one of the queues of a mailbox. A lane is first in, first out; a lower one overtakes the higher ones.
type queue uint8

const (
	controlQueue queue = iota // the engine's operations and the library's system messages
	urgentQueue               // completions, timers, monitors: never refused
	normalQueue               // requests: bounded when the address says so
	queueCount
)
