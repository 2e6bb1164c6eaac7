package domain

import (
	"crypto/sha256"
	"hash/fnv"
)

// Stamp places an event in a user's order: who reported it, when that sender says it happened and when it arrived here.
// Times are Unix milliseconds.
type Stamp struct {
	// Sender is the hash of the sender's Node name, see [SenderOf]. Zero is nobody.
	Sender uint64
	// Event is the sender's own time of the event; zero when it is not known. Only comparable between equal senders.
	Event int64
	// Arrival is the time of arrival here, on our wall clock.
	Arrival int64
}

// SenderOf hashes a sender's Node name for a [Stamp].
func SenderOf(node string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(node)) // a hash never fails
	return h.Sum64()
}

// Before reports whether s is older than o. Event times decide between messages of the same sender; across senders, or where
// one is unknown or they are equal, arrival decides.
func (s Stamp) Before(o Stamp) bool {
	if s.Sender == o.Sender && s.Event != 0 && o.Event != 0 && s.Event != o.Event {
		return s.Event < o.Event
	}
	return s.Arrival < o.Arrival
}

// IsZero reports whether the stamp says nothing.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// Digest identifies the body of a message: a redelivery has the digest of the original.
type Digest [16]byte

// DigestOf is the first half of the SHA-256 of a body.
func DigestOf(body []byte) Digest {
	sum := sha256.Sum256(body)
	return Digest(sum[:16])
}
