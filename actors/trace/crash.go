package trace

import (
	"slices"
	"strings"
	"time"
)

// CrashStory is the story of one crash: what is known of it and the events that led to it.
type CrashReport struct {
	// ID counts the crashes of all runs.
	ID      uint64    `json:"id"`
	Time    time.Time `json:"time"`
	Process string    `json:"process"`
	Epoch   string    `json:"epoch"`
	// Reason is why in one line, Message the type of the message in hand and MessageID its id, State what the process showed of itself right after.
	Reason    string `json:"reason"`
	Message   string `json:"message,omitempty"`
	MessageID ID     `json:"message_id,omitzero"`
	State     string `json:"state,omitempty"`
	Stack     string `json:"stack,omitempty"`
	// Events are the chain of messages that led to it, with the latest of what else came of its first one.
	Events []Event `json:"events,omitempty"`
}

// MaxCrashEvents is how many events a crash keeps: those on its way first, then the latest.
const MaxCrashEvents = 60

// Tell gives a crash its events.
func (c *CrashReport) AddEvents(events []Event) {
	if c.Events = Chain(events, c.MessageID); c.Events == nil { // killed between two messages
		c.Events = Select(events, Filter{Process: c.Process})
	}
	for _, e := range events {
		if c.isIt(e) && !slices.Contains(c.Events, e) {
			c.Events = append(c.Events, e)
		}
	}
	Sort(c.Events)
	c.shorten()
}

// isIt reports whether an event is the crash itself or what was done about it.
func (c *CrashReport) isIt(e Event) bool {
	return (e.Kind == Crash || e.Kind == Abandoned || e.Kind == Restart) && e.Process == c.Process && e.Cause == c.MessageID
}

// shorten leaves as many events as a crash keeps: what has led to it must not go because its first cause has led to much else.
func (c *CrashReport) shorten() {
	x, way := NewIndex(c.Events), chosen{}
	if i, ok := x.byID[c.MessageID]; ok {
		way[i] = true
		x.above(i, way)
	}
	for i, e := range c.Events {
		if c.isIt(e) {
			way[i] = true
		}
	}
	in := chosen{}
	for _, onIt := range []bool{true, false} {
		for i := len(c.Events) - 1; i >= 0 && len(in) < MaxCrashEvents; i-- {
			if way[i] == onIt {
				in[i] = true
			}
		}
	}
	c.Events = x.list(in)
}

// Way names the processes that the messages came by, first to last.
func (c *CrashReport) Path() string {
	x := NewIndex(c.Events)
	i, ok := x.byID[c.MessageID]
	if !ok {
		return c.Process
	}
	way := []string{c.Process}
	for range c.Events {
		if s := x.Sender(i); s != "" && s != way[0] {
			way = slices.Insert(way, 0, s)
		}
		if i, ok = x.byID[x.events[i].Cause]; !ok {
			break
		}
	}
	return strings.Join(way, " → ")
}
