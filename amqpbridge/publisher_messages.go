package amqpbridge

import (
	"errors"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// maxPublisherMailbox bounds the mailbox of the publisher. A publish that blocks would otherwise
// let replies pile up in memory.
const maxPublisherMailbox = 20_000

// publisherMessage is a message to the publisher.
type publisherMessage interface{ publisherMessage() }

// publishMessage publishes without a confirm: replies and other messages that may be lost.
type publishMessage struct {
	Publishing link.Publishing
	// Until is the deadline by the clock of the run; zero means none.
	Until time.Time
	// Event and MsgID describe the message in a trace.
	Event, MsgID string
	// Outcomes counts the message when it does not reach the publisher; it may be nil.
	Outcomes *outcomeCounters
}

// Undelivered counts a message that has not reached the publisher, or that was queued there when
// the publisher crashed.
func (m publishMessage) Undelivered(err error) {
	outcome := "lost"
	if errors.Is(err, otp.ErrOverloaded) {
		outcome = "overloaded"
	}
	m.Outcomes.add(publisherName, outcome)
	m.Outcomes.observe(publisherName, outcome, m.MsgID)
}

// publishConfirmed publishes with a confirm. The reply comes when the broker has confirmed.
type publishConfirmed struct {
	otp.From[confirmed]
	Publishing link.Publishing
}

// confirmed is the reply to a [publishConfirmed].
type confirmed struct{}

// channelOpened is the result of opening the publishing channel.
type channelOpened struct {
	session   link.Session
	publisher link.Publisher
	err       error
}

func (publishMessage) publisherMessage()   {}
func (publishConfirmed) publisherMessage() {}
func (channelOpened) publisherMessage()    {}
