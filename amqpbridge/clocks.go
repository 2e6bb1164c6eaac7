package amqpbridge

import (
	"sync"
	"time"

	"registrar/actors/domain"
)

const (
	// resolution is the precision of an event time: senders stamp whole seconds, and messages
	// take time.
	resolution = 2 * time.Second
	// Recent is how long a sender's messages must all look late before its clock is taken to
	// have been set back.
	recent = time.Minute
	// maxClocks bounds the senders that are remembered; beyond it, the one not heard of for
	// longest makes room.
	maxClocks = 4096
)

// Clocks knows how far the clocks of the senders are from ours, and with that how old a message
// was when it arrived. A sender's offset is the smallest recent difference between arrival and
// event time. It is shared by the bridge's processes, outlives them, and is safe for use by many
// goroutines.
type Clocks struct {
	// longest is how long a queue can hold a message; no message is older.
	longest time.Duration

	mu      sync.Mutex
	senders map[uint64]*senderClock
}

// senderClock is the estimate for one sender. Differences are arrival − event in milliseconds.
type senderClock struct {
	offset int64
	// later is the smallest difference of those that all exceeded the offset since since, in
	// arrival time; zero for none.
	later, since int64
	// earlier is a difference far below the offset that no second message has confirmed yet;
	// zero for none.
	earlier int64
	heard   int64
	// stepped is the arrival after which the clock was found to have been set back; zero for
	// never.
	stepped int64
}

// NewClocks returns clocks without a sender. A message waits in its queue for longest at most.
func NewClocks(longest time.Duration) *Clocks {
	return &Clocks{longest: longest, senders: map[uint64]*senderClock{}}
}

// clockReading is what a sender's clock says about a message.
type clockReading struct {
	// Age is how long the message was under way; zero when that cannot be told or is within the
	// clocks' resolution.
	Age time.Duration
	// Ordered says that the event time is comparable with others of the sender.
	Ordered bool
	// Unusable says that the event time of an unknown sender is in the future or too far back:
	// it counts as the arrival.
	Unusable bool
}

// read reads the stamp of a message. One that has waited says nothing about its sender's clock,
// unless that is known already: an unknown sender's clock is taken for right then, and its
// message for as old as it says. One that has not waited is as new as it can be, so that a clock
// that is hours off registers like any other.
func (c *Clocks) read(s domain.Stamp, waited bool) clockReading {
	if s.Event == 0 {
		return clockReading{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	diff := s.Arrival - s.Event
	clock := c.senders[s.Sender]
	if clock == nil {
		if !waited {
			c.enter(s.Sender, &senderClock{offset: diff, heard: s.Arrival})
		}
		switch {
		case diff < -resolution.Milliseconds() || diff > c.longest.Milliseconds():
			return clockReading{Unusable: true}
		case waited:
			return clockReading{Age: age(diff), Ordered: true}
		}
		return clockReading{Ordered: true}
	}
	clock.heard = s.Arrival
	if clock.tooEarly(diff) {
		return clockReading{Unusable: true}
	}
	clock.learn(diff, s.Arrival, waited)
	ordered := clock.stepped == 0 || s.Arrival-clock.stepped > c.longest.Milliseconds()
	return clockReading{Age: min(age(diff-clock.offset), c.longest), Ordered: ordered}
}

// tooEarly reports whether a message is further ahead than its sender's clock can be. A second
// message that agrees is believed: the clock was set forward.
func (k *senderClock) tooEarly(diff int64) bool {
	if diff >= k.offset-resolution.Milliseconds() {
		k.earlier = 0
		return false
	}
	if k.earlier != 0 && max(diff-k.earlier, k.earlier-diff) <= resolution.Milliseconds() {
		k.offset, k.earlier, k.since = diff, 0, 0
		return false
	}
	k.earlier = diff
	return true
}

// learn moves the offset down at once, and up after all messages have agreed for a while.
func (k *senderClock) learn(diff, arrival int64, waited bool) {
	switch {
	case diff <= k.offset+resolution.Milliseconds():
		k.offset, k.since = min(diff, k.offset), 0
	case waited:
	case k.since == 0:
		k.later, k.since = diff, arrival
	case arrival-k.since < recent.Milliseconds():
		k.later = min(k.later, diff)
	default: // the clock was set back
		k.offset, k.since, k.stepped = min(k.later, diff), 0, arrival
	}
}

// age returns a difference as a duration, zero below the resolution.
func age(ms int64) time.Duration {
	if d := time.Duration(ms) * time.Millisecond; d >= resolution {
		return d
	}
	return 0
}

// Learn takes in what stored registrations tell about their senders, so that a restart does not
// forget them.
func (c *Clocks) Learn(headers []domain.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range headers {
		s := h.Stamp
		if s.Event == 0 {
			continue
		}
		diff := s.Arrival - s.Event
		switch clock := c.senders[s.Sender]; {
		case clock == nil:
			c.enter(s.Sender, &senderClock{offset: diff, heard: s.Arrival})
		case s.Arrival-clock.heard > c.longest.Milliseconds():
			*clock = senderClock{offset: diff, heard: s.Arrival} // the earlier estimate is too old
		case clock.heard-s.Arrival <= c.longest.Milliseconds():
			clock.offset, clock.heard = min(diff, clock.offset), max(s.Arrival, clock.heard)
		}
	}
}

func (c *Clocks) enter(sender uint64, k *senderClock) {
	if len(c.senders) >= maxClocks {
		var oldest uint64
		first := true
		for s, k := range c.senders {
			if first || k.heard < c.senders[oldest].heard {
				oldest, first = s, false
			}
		}
		delete(c.senders, oldest)
	}
	c.senders[sender] = k
}
