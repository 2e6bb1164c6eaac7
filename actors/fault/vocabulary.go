package fault

// Point is a named place in the code.
type Point string

// The points. The first five are in the engine, once for each process, and so is InTransit; the others are where what was done becomes known to somebody
// else.
const (
	// BeforeHandle and AfterHandle are around the handling of a message, BeforeInit and AfterInit around Init, InStop before Terminate.
	BeforeHandle Point = "before-handle"
	AfterHandle  Point = "after-handle"
	BeforeInit   Point = "before-init"
	AfterInit    Point = "after-init"
	InStop       Point = "in-stop"
	// InTransit is between a sender and the mailbox of the rule's process.
	InTransit Point = "in-transit"
	// AfterDecide is between a registration's decision and its write, BeforeCommit and AfterCommit are around the transaction.
	AfterDecide  Point = "after-decide"
	BeforeCommit Point = "before-commit"
	AfterCommit  Point = "after-commit"
	// BeforeAck is between the outcome of a delivery and its acknowledgement, BeforePublish before an answer leaves.
	BeforeAck     Point = "before-ack"
	BeforePublish Point = "before-publish"
)

// Points lists all of them.
func Points() []Point {
	return []Point{BeforeHandle, AfterHandle, BeforeInit, AfterInit, InStop, InTransit, AfterDecide, BeforeCommit, AfterCommit, BeforeAck, BeforePublish}
}

// Where says in a few words where the point is.
func (p Point) Description() string {
	return map[Point]string{
		BeforeHandle: "before a process handles a message", AfterHandle: "after it has handled it", BeforeInit: "before a process begins",
		AfterInit: "after it has begun", InStop: "before it ends", InTransit: "on the way to a process's mailbox",
		AfterDecide: "between a registration's decision and its write", BeforeCommit: "before a transaction of the store",
		AfterCommit: "after it, before anybody is told", BeforeAck: "between the outcome of a delivery and its acknowledgement",
		BeforePublish: "before an answer or a notice leaves",
	}[p]
}

// Kind is what goes wrong.
type Kind string

// The kinds that happen to code. An error is returned at points whose code can go on with one, and is a panic at the others. A torn write is on the disk, and
// its writer is told that it has failed: the worst of what is called an unknown outcome.
const (
	Panic  Kind = "panic"
	Goexit Kind = "goexit"
	Delay  Kind = "delay"
	Hang   Kind = "hang"
	Error  Kind = "error"
	Torn   Kind = "torn"
)

// The kinds that happen to messages, besides Delay. Dropped is a message like one whose process has ended: whoever waits for its answer is told. So only
// messages that are answered are dropped or doubled; between processes of one program nothing else is ever lost. The order of one sender's messages is kept.
const (
	Drop      Kind = "drop"
	Duplicate Kind = "duplicate"
)

// Kinds lists what can go wrong at a point.
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
