package directory

import (
	"registrar/actors/domain"
	"registrar/actors/registration"
)

// Message is what a shard understands.
type Message interface{ directoryMessage() }

// Deliver carries a request to the actor of its user. The request's place for an answer is the message's.
type Deliver struct{ registration.Request }

// indexed is the news from a user's actor that its committed record has this header.
type indexed struct{ header domain.Header }

// sweep asks the shard to look for users whose registrations have ended.
type sweep struct{}

// reread is the store's answer about a user whose actor was stopped for crashing too often.
type reread struct {
	key    domain.Key
	record domain.Record
	err    error
}

func (Deliver) directoryMessage() {}
func (indexed) directoryMessage() {}
func (sweep) directoryMessage()   {}
func (reread) directoryMessage()  {}
