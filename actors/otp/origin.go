package otp

import (
	"sync"

	"registrar/actors/trace"
)

// Origin is who sends a message: a [Context], or the world outside ([External]).
type Origin interface {
	// sender returns the message that the sender has in hand, or its name if it is outside.
	sender() (trace.ID, external)
}

// external is the number of a name, so that an envelope need not hold the name.
type external uint16

func (e external) sender() (trace.ID, external) { return 0, e }

// outside holds the names of the world outside. They are constants of the program, so that there are few of them.
type nameTable struct {
	mu    sync.Mutex
	names []string
}

var externalNames = nameTable{names: []string{""}} //nolint:gochecknoglobals // a sender has no system that could keep its name.

// External names a sender that is not a process: a connection, a test, a command. Names are kept for ever: they have to come from constants.
func External(name string) Origin {
	externalNames.mu.Lock()
	defer externalNames.mu.Unlock()
	for i, n := range externalNames.names {
		if n == name {
			return external(i)
		}
	}
	if len(externalNames.names) == 1<<16 {
		return external(0)
	}
	externalNames.names = append(externalNames.names, name)
	return external(len(externalNames.names) - 1) //nolint:gosec // it has just been compared.
}

func (e external) name() string {
	if e == 0 {
		return ""
	}
	externalNames.mu.Lock()
	defer externalNames.mu.Unlock()
	return externalNames.names[e]
}
