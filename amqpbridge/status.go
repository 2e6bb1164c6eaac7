package amqpbridge

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// errSilent is why the sessions are renewed.
var errSilent = errors.New("our own questions go without an answer")

// Status is what the bridge says about itself to the outside: which of its parts are not as they should be, and why. It is
// safe for use by many goroutines.
type Status struct {
	parts []string // sorted, and never changed

	mu  sync.Mutex
	bad map[string]string // part → why
}

// NewStatus starts with every named part down.
func NewStatus(parts ...string) *Status {
	s := &Status{parts: slices.Sorted(slices.Values(parts)), bad: map[string]string{}}
	for _, p := range parts {
		s.bad[p] = p + ": not started"
	}
	return s
}

// Reasons returns one line for each part that is not ready, sorted; none means that the bridge consumes and publishes.
func (s *Status) Reasons() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, why := range s.bad {
		out = append(out, why)
	}
	slices.Sort(out)
	return out
}

// Parts returns the parts in the order of their names, and whether each is as it should be.
func (s *Status) Parts() (names []string, up []bool) {
	for _, p := range s.parts {
		up = append(up, s.isUp(p))
	}
	return s.parts, up
}

func (s *Status) isUp(part string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bad[part] == ""
}

func (s *Status) up(part string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bad, part)
}

func (s *Status) down(part string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.bad[part] = part + ": down"
		return
	}
	s.bad[part] = fmt.Sprintf("%s: %v", part, err)
}
