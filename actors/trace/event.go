package trace

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Kind classifies an [Event].
type Kind uint8

// The kinds of event.
const (
	// Message is a message from a process or from outside the tree, Completion the result of an
	// asynchronous operation, Timer an expired timer.
	Message Kind = iota
	Completion
	Timer
	// Delivery is a decoded message from the broker; Publish is a message to the broker.
	Delivery
	Publish
	// Commit is a transaction of the store that is on disk.
	Commit
	// Start is the first incarnation of a process, Restart a later one, Stop a normal end.
	Start
	Restart
	Stop
	// Crash is the end of an incarnation by a panic; its cause is the message that was being
	// handled.
	Crash
	// GaveUp is a process that is not restarted again. Abandoned is one that did not stop in
	// time or was killed. DeadLetter is a message that no process handles.
	GaveUp
	Abandoned
	DeadLetter
	// Fault is an injected fault; it is recorded before it takes effect.
	Fault
	kinds
)

var kindNames = [...]string{ //nolint:gochecknoglobals // a constant in all but type.
	"message", "completion", "timer", "delivery", "publish", "commit", "start", "restart", "stop", "crash", "gave up", "abandoned", "dead letter", "fault",
}

// String returns the name of the kind.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "unknown"
}

// MarshalText returns the name of the kind.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText parses the output of MarshalText.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("unknown kind of event %q", text)
}

// Handled reports whether events of this kind are messages that a process took from its mailbox.
func (k Kind) Handled() bool { return k <= Timer }

// Note is the part of a message that may be recorded: the AOR that it concerns, the Msg-ID that
// the requester gave it, and a short text. It contains no secret.
type Note struct {
	Realm string `json:"realm,omitempty"`
	User  string `json:"user,omitempty"`
	MsgID string `json:"msg_id,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Noter is a message that declares its [Note]. TraceNote is called once, on the goroutine that
// handled the message; it should not allocate.
type Noter interface{ TraceNote() Note }

// Event is a recorded event in the form that is shown, stored and read back.
type Event struct {
	// Time is when the message was taken from its mailbox, or when the event happened.
	Time    time.Time `json:"time"`
	Kind    Kind      `json:"kind"`
	Process string    `json:"process"`
	// Epoch identifies the incarnation as boot.counter.
	Epoch string `json:"epoch,omitempty"`
	// Type is the Go type of the message, without a leading *.
	Type string `json:"type,omitempty"`
	Note
	ID    ID `json:"id,omitzero"`
	Cause ID `json:"cause,omitzero"`
	// From names a sender outside the tree.
	From string `json:"from,omitempty"`
	// Asks means that the sender waits for a reply. Failed means that the process crashed or was
	// killed while it handled the message.
	Asks   bool `json:"asks,omitempty"`
	Failed bool `json:"failed,omitempty"`
	// Wait is the time in the mailbox, Took the time of handling, both in nanoseconds.
	Wait time.Duration `json:"wait_ns,omitempty"`
	Took time.Duration `json:"took_ns,omitempty"`
	// Lost counts the events before this one that a follower missed.
	Lost uint64        `json:"lost,omitempty"`
	at   time.Duration // monotonic time, for Sort
}

// End returns when handling ended.
func (e Event) End() time.Time { return e.Time.Add(e.Took) }

// Name returns the type of a handled message, and the kind of every other event.
func (e Event) Name() string {
	if e.Kind.Handled() && e.Type != "" {
		return e.Type
	}
	return e.Kind.String()
}

// typeName returns the name of a message type as it is shown.
func typeName(t reflect.Type) string {
	if t == nil {
		return ""
	}
	return strings.TrimPrefix(t.String(), "*")
}

func epoch(boot uint32, incarnation uint64) string {
	if incarnation == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(boot), 10) + "." + strconv.FormatUint(incarnation, 10)
}
