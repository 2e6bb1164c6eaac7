package trace

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Kind is what an [Event] is about.
type Kind uint8

// The kinds of event.
const (
	// Message is a message from a process or from outside, Completion the end of something that was asked for, Timer a time that has come.
	Message Kind = iota
	Completion
	Timer
	// Delivery is a message of the broker, decoded; Publish one to the broker.
	Delivery
	Publish
	// Commit is a transaction of the store that is on disk.
	Commit
	// Start is the first incarnation of a process, Restart a further one, Stop the end in order.
	Start
	Restart
	Stop
	// Crash is the end of an incarnation by a panic; its cause is the message that was in hand.
	Crash
	// GaveUp is a process that is not restarted any more, Abandoned one that did not stop in time or was killed, DeadLetter a message that nobody
	// handles.
	GaveUp
	Abandoned
	DeadLetter
	// Fault is one that was injected on purpose: what comes of it follows.
	Fault
	kinds
)

var kindNames = [...]string{ //nolint:gochecknoglobals // a constant in all but type.
	"message", "completion", "timer", "delivery", "publish", "commit", "start", "restart", "stop", "crash", "gave up", "abandoned", "dead letter", "fault",
}

// String returns the kind in words.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "unknown"
}

// MarshalText writes the kind in words.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no kind of event", text)
}

// Handled reports whether events of this kind are messages that a process has taken from its mailbox.
func (k Kind) Handled() bool { return k <= Timer }

// ID names a message: the counter of the incarnation that handled it, and a number within that. Zero is none. It is unique in one run of the
// registrar until an incarnation has handled 16 million messages.
type ID uint64

const idBits = 24

// NewID makes an id of the counter of an incarnation and the number of a message.
func NewID(incarnation, message uint64) ID { return ID(incarnation<<idBits | message&(1<<idBits-1)) }

// Incarnation returns the counter of the incarnation.
func (i ID) Incarnation() uint64 { return uint64(i >> idBits) }

// String returns incarnation.message.
func (i ID) String() string {
	if i == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(i>>idBits), 10) + "." + strconv.FormatUint(uint64(i&(1<<idBits-1)), 10)
}

// ParseID reads what String writes.
func ParseID(s string) (ID, error) {
	if s == "" {
		return 0, nil
	}
	a, b, ok := strings.Cut(s, ".")
	n, err := strconv.ParseUint(a, 10, 40)
	m, err2 := strconv.ParseUint(b, 10, idBits)
	if !ok || err != nil || err2 != nil {
		return 0, fmt.Errorf("%q is no id of a message (incarnation.number)", s)
	}
	return NewID(n, m), nil
}

// MarshalText writes the id as String does.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (i *ID) UnmarshalText(text []byte) (err error) {
	*i, err = ParseID(string(text))
	return err
}

// Label is the name of a process in parts, so that a process need not own a string of it: Room, then User@Realm, or what there is of it.
type Label struct{ Prefix, Realm, User string }

// String returns the name.
func (l Label) String() string {
	if l.User == "" {
		return l.Prefix + l.Realm
	}
	return l.Prefix + l.User + "@" + l.Realm
}

// Note is what may be told of a message: whom it is about, the Msg-ID that an asker gave it, and a few words. None of it is a secret.
type Note struct {
	Realm string `json:"realm,omitempty"`
	User  string `json:"user,omitempty"`
	MsgID string `json:"msg_id,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Noter is a message that says what may be told of it. It is called on the goroutine that has handled the message, once, and should allocate nothing.
type Noter interface{ TraceNote() Note }

// Event is one event as it is shown, stored and read back.
type Event struct {
	// Time is when the message was taken from its mailbox, or when it happened.
	Time    time.Time `json:"time"`
	Kind    Kind      `json:"kind"`
	Process string    `json:"process"`
	// Epoch is the incarnation: boot and counter.
	Epoch string `json:"epoch,omitempty"`
	// Type is the Go type of the message, without its address.
	Type string `json:"type,omitempty"`
	Note
	ID    ID `json:"id,omitzero"`
	Cause ID `json:"cause,omitzero"`
	// From names a sender outside of the tree.
	From string `json:"from,omitempty"`
	// Asks says that the sender waits for an answer; Failed that the process crashed, or was killed, over it.
	Asks   bool `json:"asks,omitempty"`
	Failed bool `json:"failed,omitempty"`
	// Wait is how long the message was queued, Took how long its handling took, in nanoseconds.
	Wait time.Duration `json:"wait_ns,omitempty"`
	Took time.Duration `json:"took_ns,omitempty"`
	// Lost is how many events before this one a follower has missed.
	Lost uint64        `json:"lost,omitempty"`
	at   time.Duration // for the order
}

// End is when the handling was over.
func (e Event) End() time.Time { return e.Time.Add(e.Took) }

// What names the event in few words: its type without the package's path, or its kind.
func (e Event) Name() string {
	if e.Kind.Handled() && e.Type != "" {
		return e.Type
	}
	return e.Kind.String()
}

// typeName is the name of a type of message as it is shown.
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
