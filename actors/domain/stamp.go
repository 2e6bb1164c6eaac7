package domain

import (
	"crypto/sha256"
	"hash/fnv"
)

// Stamp orders the events of a user: sender, event time of that sender, arrival time here. Times
// are Unix milliseconds.
type Stamp struct {
	// Sender is the hash of the sender's Node name, see [SenderOf]. Zero means unknown.
	Sender uint64
	// Event is the event time by the sender's clock; zero means unknown. It is comparable only
	// between equal senders.
	Event int64
	// Arrival is the arrival time on the registrar's wall clock.
	Arrival int64
}

// SenderOf hashes a sender's Node name for a [Stamp].
func SenderOf(node string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(node)) // Write of a hash never fails
	return h.Sum64()
}

// Before reports whether s is older than o. Event times decide between messages of the same
// sender. Arrival decides across senders, or when event times are equal or unknown.
func (s Stamp) Before(o Stamp) bool {
	if s.Sender == o.Sender && s.Event != 0 && o.Event != 0 && s.Event != o.Event {
		return s.Event < o.Event
	}
	return s.Arrival < o.Arrival
}

// IsZero reports whether s is the zero stamp.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// Digest identifies the body of a message. A redelivery has the digest of the original.
type Digest [16]byte

// DigestOf is the first half of the SHA-256 of a body.
func DigestOf(body []byte) Digest {
	sum := sha256.Sum256(body)
	return Digest(sum[:16])
}
