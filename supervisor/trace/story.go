package trace

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// CrashStory is the story of one crash: what is known of it and the events that led to it.
type CrashStory struct {
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
	// Events are the chain of messages that led to it, with what else came of its first one until then.
	Events []Event `json:"events,omitempty"`
}

// storyMost is how many events a crash keeps: the latest.
const storyMost = 60

// Tell gives a crash its events.
func (c *CrashStory) Tell(events []Event) {
	if c.Events = Chain(events, c.MessageID); c.Events == nil { // killed between two messages
		c.Events = Story(events, Filter{Process: c.Process})
	}
	for _, e := range events {
		if (e.Kind == Crash || e.Kind == Restart) && e.Process == c.Process && e.Cause == c.MessageID && !slices.Contains(c.Events, e) {
			c.Events = append(c.Events, e)
		}
	}
	Sort(c.Events)
	c.Events = c.Events[max(0, len(c.Events)-storyMost):]
}

// Way names the processes that the messages came by, first to last.
func (c *CrashStory) Way() string {
	x := newIndex(c.Events)
	i, ok := x.byID[c.MessageID]
	if !ok {
		return c.Process
	}
	way := []string{c.Process}
	for range c.Events {
		if s := x.sender(i); s != "" && s != way[0] {
			way = slices.Insert(way, 0, s)
		}
		if i, ok = x.byID[x.events[i].Cause]; !ok {
			break
		}
	}
	return strings.Join(way, " → ")
}

// Write writes the story in full: what, where, the chart and the stack.
func (c *CrashStory) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "crash %d\n  time     %s\n  process  %s, epoch %s\n  reason   %s\n", c.ID, c.Time.UTC().Format("2006-01-02 15:04:05.000 MST"), c.Process, c.Epoch, c.Reason)
	if c.Message != "" {
		fmt.Fprintf(&b, "  message  %s %v\n  way      %s\n", c.Message, c.MessageID, c.Way())
	}
	if c.State != "" {
		fmt.Fprintf(&b, "  state    %s\n", c.State)
	}
	b.WriteString("\n")
	if err := write(w, b.String()); err != nil {
		return err
	}
	if err := Text(w, c.Events); err != nil {
		return err
	}
	return write(w, "\n"+c.Stack)
}
