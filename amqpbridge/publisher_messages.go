package amqpbridge

import (
	"errors"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// publisherWaiting bounds the mailbox of the publisher. A publish that blocks would otherwise let
// replies pile up in memory.
const publisherWaiting = 20_000

// PublisherMessage is a message to the publisher.
type PublisherMessage interface{ publisherMessage() }

// Send publishes without a confirm: replies and other messages that may be lost.
type Send struct {
	Publishing link.Publishing
	// Until is the deadline by the clock of the run; zero means none.
	Until time.Time
	// Event and MsgID describe the message in a trace.
	Event, MsgID string
	// Tally counts the message when it does not reach the publisher; it may be nil.
	Tally *Tally
}

// Undelivered counts a message that has not reached the publisher, or that was queued there when
// the publisher crashed.
func (m Send) Undelivered(err error) {
	outcome := "lost"
	if errors.Is(err, otp.ErrOverloaded) {
		outcome = "overloaded"
	}
	m.Tally.Add(publisherPart, outcome)
	m.Tally.watch(publisherPart, outcome, m.MsgID)
}

// Park publishes with a confirm. The reply comes when the broker has confirmed.
type Park struct {
	otp.From[Parked]
	Publishing link.Publishing
}

// Parked is the reply to a [Park].
type Parked struct{}

// opened is the result of opening the publishing channel.
type opened struct {
	session   link.Session
	publisher link.Publisher
	err       error
}

func (Send) publisherMessage()   {}
func (Park) publisherMessage()   {}
func (opened) publisherMessage() {}
