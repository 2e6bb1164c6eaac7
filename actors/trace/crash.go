package trace

import (
	"slices"
	"strings"
	"time"
)

// CrashReport describes one crash and holds the events that belong to it.
type CrashReport struct {
	// ID numbers the crashes of all runs.
	ID      uint64    `json:"id"`
	Time    time.Time `json:"time"`
	Process string    `json:"process"`
	Epoch   string    `json:"epoch"`
	// Reason is the cause in one line. Message is the type of the message that was being handled
	// and MessageID its ID. State is the state that the process showed right after the crash.
	Reason    string `json:"reason"`
	Message   string `json:"message,omitempty"`
	MessageID ID     `json:"message_id,omitzero"`
	State     string `json:"state,omitempty"`
	Stack     string `json:"stack,omitempty"`
	// Events are the causes of the crash and the most recent other effects of the first cause.
	Events []Event `json:"events,omitempty"`
}

// MaxCrashEvents bounds the events of a crash report: first its causes, then the most recent
// others.
const MaxCrashEvents = 60

// AddEvents sets Events from a list of recorded events.
func (c *CrashReport) AddEvents(events []Event) {
	if c.Events = Chain(events, c.MessageID); c.Events == nil { // killed between two messages
		c.Events = Select(events, Filter{Process: c.Process})
	}
	for _, e := range events {
		if c.records(e) && !slices.Contains(c.Events, e) {
			c.Events = append(c.Events, e)
		}
	}
	Sort(c.Events)
	c.limit()
}

// records reports whether an event records this crash, the abandonment or the restart after it.
func (c *CrashReport) records(e Event) bool {
	return (e.Kind == Crash || e.Kind == Abandoned || e.Kind == Restart) && e.Process == c.Process && e.Cause == c.MessageID
}

// limit reduces Events to MaxCrashEvents. It keeps the path to the crash even if the first cause
// has many other effects.
func (c *CrashReport) limit() {
	x, path := NewIndex(c.Events), selection{}
	if i, ok := x.byID[c.MessageID]; ok {
		path[i] = true
		x.addCauses(i, path)
	}
	for i, e := range c.Events {
		if c.records(e) {
			path[i] = true
		}
	}
	sel := selection{}
	for _, onPath := range []bool{true, false} {
		for i := len(c.Events) - 1; i >= 0 && len(sel) < MaxCrashEvents; i-- {
			if path[i] == onPath {
				sel[i] = true
			}
		}
	}
	c.Events = x.list(sel)
}

// Path returns the processes that the chain of messages passed, first to last, joined by arrows.
func (c *CrashReport) Path() string {
	x := NewIndex(c.Events)
	i, ok := x.byID[c.MessageID]
	if !ok {
		return c.Process
	}
	path := []string{c.Process}
	for range c.Events {
		if s := x.Sender(i); s != "" && s != path[0] {
			path = slices.Insert(path, 0, s)
		}
		if i, ok = x.byID[x.events[i].Cause]; !ok {
			break
		}
	}
	return strings.Join(path, " → ")
}
