package amqpbridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"registrar/actors/otp"
)

// errSilent is why the sessions are renewed, errNotStarted what a part says of itself until it is there.
var (
	errSilent     = errors.New("our own questions go without an answer")
	errNotStarted = errors.New("not started")
)

// Status is what the bridge says about itself to the outside: which of its parts are not as they should be, and why. It is
// safe for use by many goroutines.
type Status struct {
	mu    sync.Mutex
	parts []Component // in the order of their names
}

// Part is one part of the bridge. The process of that name is bridge/Name.
type Component struct {
	Name string
	// Why is one line that says why it is not as it should be; empty when it is.
	Reason string
	// Failures counts how often that has begun.
	Failures uint64
	by       otp.Epoch // who said so last
}

// NewStatus starts with every named part down.
func NewStatus(parts ...string) *Status {
	s := &Status{}
	for _, p := range parts {
		s.add(Component{Name: p, Reason: p + ": not started"})
	}
	return s
}

func (s *Status) add(p Component) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearchFunc(s.parts, p.Name, byName)
	s.parts = slices.Insert(s.parts, at, p)
}

func byName(p Component, name string) int { return strings.Compare(p.Name, name) }

// Reasons returns one line for each part that is not ready, sorted; none means that the bridge consumes and publishes.
func (s *Status) Reasons() []string {
	var out []string
	for _, p := range s.Parts() {
		if p.Reason != "" {
			out = append(out, p.Reason)
		}
	}
	return out
}

// Parts returns the parts in the order of their names.
func (s *Status) Parts() []Component {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.parts)
}

func (s *Status) isUp(part string) (up bool) {
	s.change(part, func(p *Component) { up = p.Reason == "" })
	return up
}

// up takes the word of an incarnation that its part is as it should be. One that was abandoned has no say against its successor.
func (s *Status) up(part string, by otp.Epoch) {
	s.change(part, func(p *Component) {
		if p.believes(by) {
			p.Reason = ""
		}
	})
}

// down is the same for a part that is not.
func (s *Status) down(part string, by otp.Epoch, err error) {
	s.change(part, func(p *Component) {
		if !p.believes(by) {
			return
		}
		if p.Reason == "" {
			p.Failures++
		}
		if p.Reason = part + ": down"; err != nil {
			p.Reason = fmt.Sprintf("%s: %v", part, err)
		}
	})
}

func (p *Component) believes(by otp.Epoch) bool {
	if by < p.by {
		return false
	}
	p.by = by
	return true
}

func (s *Status) change(part string, f func(*Component)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := slices.BinarySearchFunc(s.parts, part, byName); ok {
		f(&s.parts[at])
	}
}
