package trace_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/trace"
)

// followed records events and returns the texts of those that a follower is told of.
func followed(f trace.Filter, entries ...trace.Entry) (told []string) {
	r := trace.New(1<<12, time.Unix(0, 0), 0)
	events, _, cancel := r.Follow(f)
	defer cancel()
	for i := range entries {
		r.Record(&entries[i])
		for len(events) > 0 {
			told = append(told, (<-events).Text)
		}
	}
	return told
}

// conversation is a registration as it is recorded: each message when its handling is over.
func conversation() []trace.Entry {
	about := func(user, text string) trace.Note { return trace.Note{Realm: "acme.test", User: user, Text: text} }
	note := func(text string) trace.Note { return trace.Note{Text: text} }
	user, other := trace.Label{Prefix: "user/", Realm: "acme.test", User: "100"}, trace.Label{Prefix: "user/", Realm: "acme.test", User: "200"}
	flow, writer := trace.Label{Prefix: "bridge/registrations"}, trace.Label{Prefix: "registrations/writer"}
	id := trace.NewID
	return []trace.Entry{
		{ID: id(7, 1), Process: flow, Note: note("a stranger's")},
		{Cause: id(3, 1), Process: flow, Kind: trace.Delivery, Note: about("100", "the delivery")},
		{ID: id(4, 1), Cause: id(3, 1), Process: writer, Note: note("another's of the same batch")},
		{ID: id(3, 1), Cause: id(2, 1), Process: flow, Note: note("what it was delivered in")},
		{ID: id(4, 2), Cause: id(3, 1), Process: writer, Note: note("one more of the batch")},
		{ID: id(2, 1), Process: flow, Note: note("what has led to that")},
		{ID: id(9, 0), Cause: id(3, 1), Process: user, Kind: trace.Start, Note: note("the start")},
		{ID: id(9, 1), Cause: id(3, 1), Process: user, Note: about("100", "the request")},
		{ID: id(5, 4), Cause: id(9, 1), Process: writer, Note: note("the write")},
		{Cause: id(5, 4), Process: writer, Kind: trace.Commit, Note: note("the commit")},
		{ID: id(10, 1), Cause: id(5, 4), Process: other, Note: note("another user's")},
		{ID: id(3, 2), Cause: id(9, 1), Process: flow, Kind: trace.Completion, Failed: true, Note: note("the answer")},
		{Cause: id(3, 2), Process: flow, Kind: trace.Crash, Note: note("the crash")},
		{Cause: id(7, 1), Process: flow, Kind: trace.Crash, Note: note("the stranger's crash")},
	}
}

// Who follows a user sees all of the conversation, what names nobody among it, and nothing of what else came of its causes.
func TestFollowersAreToldAStory(t *testing.T) {
	for name, c := range map[string]struct {
		f    trace.Filter
		want []string
	}{
		"a user": {trace.Filter{User: "100", Realm: "acme.test"}, []string{
			"the delivery", "what it was delivered in", "what has led to that", "the start", "the request", "the write", "the commit", "the answer", "the crash",
		}},
		"a user's crashes":  {trace.Filter{User: "100", Kinds: []trace.Kind{trace.Crash}}, []string{"the crash"}},
		"all crashes":       {trace.Filter{Kinds: []trace.Kind{trace.Crash}}, []string{"the crash", "the stranger's crash"}},
		"a user of no name": {trace.Filter{User: "300"}, nil},
	} {
		if diff := cmp.Diff(c.want, followed(c.f, conversation()...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A follower remembers what it waits for, and no more than so much.
func TestFollowersForget(t *testing.T) {
	const most = 10_000
	var entries []trace.Entry
	for i := range uint64(most) {
		entries = append(entries, trace.Entry{Cause: trace.NewID(1, i+1), Note: trace.Note{User: "100"}})
	}
	entries = append(entries, trace.Entry{ID: trace.NewID(1, 1), Note: trace.Note{Text: "the first cause"}}, trace.Entry{ID: trace.NewID(1, most), Note: trace.Note{Text: "the last"}})
	told := followed(trace.Filter{User: "100"}, entries...)
	if len(told) != most+1 || told[most] != "the last" {
		t.Errorf("%d events, the last %q", len(told), told[len(told)-1])
	}
}
