package otp

// envelope carries one message through a mailbox. It is linked into its lane, so that an idle mailbox owns no buffer.
type envelope struct {
	next *envelope
	msg  any
	op   func() // a control operation of the engine, in place of a message
	sys  any    // a system message of the actor library, in place of a message
	// id names the message, cause the one that its sender was handling when it sent it.
	id, cause uint64
	// epoch restricts the message to one incarnation; zero is any.
	epoch Epoch
	lane  lane
	// accepted is written by the poster alone, before the envelope is linked.
	accepted bool
}

// lane is one of the queues of a mailbox. A lane is first in, first out; a lower one overtakes the higher ones.
type lane uint8

const (
	controlLane lane = iota // the engine's operations and the library's system messages
	urgentLane              // completions, timers, monitors: never refused
	normalLane              // requests: bounded when the address says so
	lanes
)

// fifo is a linked queue of envelopes.
type fifo struct {
	head, tail *envelope
	n          int32
}

func (q *fifo) push(e *envelope) {
	e.next = nil
	if q.tail == nil {
		q.head = e
	} else {
		q.tail.next = e
	}
	q.tail = e
	q.n++
}

func (q *fifo) pop() *envelope {
	e := q.head
	if e == nil {
		return nil
	}
	q.head, e.next = e.next, nil
	if q.head == nil {
		q.tail = nil
	}
	q.n--
	return e
}
