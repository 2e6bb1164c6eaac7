package otp

import (
	"sync"

	"registrar/actors/trace"
)

// Origin is the sender of a message: a [Context], or [External] for code outside of the tree.
type Origin interface {
	// sender returns the message that a process is handling, or the name of an external sender.
	sender() (trace.ID, external)
}

// external is the number of a name. An envelope does not need to hold the name.
type external uint16

func (e external) sender() (trace.ID, external) { return 0, e }

// nameTable holds the names of external senders. They are constants of the program, so there are
// few.
type nameTable struct {
	mu    sync.Mutex
	names []string
}

var externalNames = nameTable{names: []string{""}} //nolint:gochecknoglobals // an external sender has no system to keep its name.

// External names a sender that is not a process: a connection, a test, a command. Names are never
// released, so they must be constants.
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
	return external(len(externalNames.names) - 1) //nolint:gosec // the length has just been compared.
}

func (e external) name() string {
	if e == 0 {
		return ""
	}
	externalNames.mu.Lock()
	defer externalNames.mu.Unlock()
	return externalNames.names[e]
}
