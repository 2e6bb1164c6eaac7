package fault

// Point is a named point of the code.
type Point string

// The points. Package otp has the first six in every process. The others are points at which a
// result becomes visible to another process or to the outside.
const (
	// BeforeHandle and AfterHandle enclose the handling of a message, BeforeInit and AfterInit
	// enclose Init, InStop precedes Terminate.
	BeforeHandle Point = "before-handle"
	AfterHandle  Point = "after-handle"
	BeforeInit   Point = "before-init"
	AfterInit    Point = "after-init"
	InStop       Point = "in-stop"
	// InTransit is between a sender and the mailbox of the process.
	InTransit Point = "in-transit"
	// AfterDecide is between the decision of a registration actor and its write. BeforeCommit and
	// AfterCommit enclose the transaction.
	AfterDecide  Point = "after-decide"
	BeforeCommit Point = "before-commit"
	AfterCommit  Point = "after-commit"
	// BeforeAck is between the outcome of a delivery and its acknowledgement. BeforePublish
	// precedes the publish of a reply or a notification.
	BeforeAck     Point = "before-ack"
	BeforePublish Point = "before-publish"
)

// Points returns all points.
func Points() []Point {
	return []Point{
		BeforeHandle, AfterHandle, BeforeInit, AfterInit, InStop, InTransit,
		AfterDecide, BeforeCommit, AfterCommit, BeforeAck, BeforePublish,
	}
}

// Description says in a few words where the point is.
func (p Point) Description() string {
	return map[Point]string{
		BeforeHandle: "before a process handles a message", AfterHandle: "after a process handled a message",
		BeforeInit: "before a process initializes", AfterInit: "after a process initialized", InStop: "before a process terminates",
		InTransit:   "between a sender and the mailbox of a process",
		AfterDecide: "between the decision of a registration actor and its write", BeforeCommit: "before a transaction of the store",
		AfterCommit: "after a transaction, before its results are reported", BeforeAck: "between the outcome of a delivery and its acknowledgement",
		BeforePublish: "before a reply or a notification is published",
	}[p]
}

// Kind is the kind of a fault.
type Kind string

// The faults of code. An error is returned at points whose callers handle errors, and is a panic
// at the others. A torn write is on disk although its caller gets an error: the worst case of an
// unknown outcome.
const (
	Panic  Kind = "panic"
	Goexit Kind = "goexit"
	Delay  Kind = "delay"
	Hang   Kind = "hang"
	Error  Kind = "error"
	Torn   Kind = "torn"
)

// The faults of messages, besides Delay. A dropped message is treated like a message to a process
// that has ended: the caller that waits for a reply gets an error. So only requests are dropped or
// duplicated; between processes of one program no other message is ever lost. The order of the
// messages of one sender is kept.
const (
	Drop      Kind = "drop"
	Duplicate Kind = "duplicate"
)

// Kinds returns the faults that are possible at a point.
func Kinds(at Point) []Kind {
	switch at {
	case InTransit:
		return []Kind{Drop, Delay, Duplicate}
	case BeforeCommit:
		return []Kind{Panic, Goexit, Delay, Hang, Error, Torn}
	default:
		return []Kind{Panic, Goexit, Delay, Hang, Error}
	}
}
