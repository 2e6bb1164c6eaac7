package amqpbridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// errNotStarted is the reason of a component until its process runs.
var errNotStarted = errors.New("not started")

// status holds the condition of each component of the bridge: up, or not up with a reason.
// It is safe for concurrent use.
type status struct {
	mu         sync.Mutex
	components []componentState // sorted by name
}

// componentState is a component and the incarnation that reported its condition last.
type componentState struct {
	domain.Component
	reportedBy otp.Epoch
}

// newStatus returns a status in which no named component has started.
func newStatus(names ...string) *status {
	s := &status{}
	for _, name := range names {
		s.add(name, name+": not started")
	}
	return s
}

// add adds a component; an empty reason means that it counts as up.
func (s *status) add(name, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearchFunc(s.components, name, byName)
	c := domain.Component{Name: name, Process: "bridge/" + name, Reason: reason}
	s.components = slices.Insert(s.components, at, componentState{Component: c})
}

func byName(c componentState, name string) int { return strings.Compare(c.Name, name) }

// reasons returns one line for each component that is not up, sorted by component.
func (s *status) reasons() []string {
	var out []string
	for _, c := range s.all() {
		if c.Reason != "" {
			out = append(out, c.Reason)
		}
	}
	return out
}

// all returns the components, sorted by name.
func (s *status) all() []domain.Component {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]domain.Component, len(s.components))
	for i, c := range s.components {
		all[i] = c.Component
	}
	return all
}

func (s *status) isUp(name string) (up bool) {
	s.change(name, func(c *componentState) { up = c.Reason == "" })
	return up
}

// up reports a component as up. A report from an older incarnation than the last one is ignored.
func (s *status) up(name string, by otp.Epoch) {
	s.change(name, func(c *componentState) {
		if c.accepts(by) {
			c.Reason = ""
		}
	})
}

// down reports a component as not up; like up, it ignores older incarnations.
func (s *status) down(name string, by otp.Epoch, err error) {
	s.change(name, func(c *componentState) {
		if !c.accepts(by) {
			return
		}
		if c.Reason == "" {
			c.Failures++
		}
		if c.Reason = name + ": down"; err != nil {
			c.Reason = fmt.Sprintf("%s: %v", name, err)
		}
	})
}

func (c *componentState) accepts(by otp.Epoch) bool {
	if by < c.reportedBy {
		return false
	}
	c.reportedBy = by
	return true
}

func (s *status) change(name string, f func(*componentState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := slices.BinarySearchFunc(s.components, name, byName); ok {
		f(&s.components[at])
	}
}
