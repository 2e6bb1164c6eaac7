package trace_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"registrar/actors/trace"
)

// followed records entries and returns the texts of the events that a follower receives.
func followed(f trace.Filter, entries ...trace.Entry) (texts []string) {
	r := trace.New(1<<12, time.Unix(0, 0), 0)
	events, _, cancel := r.Follow(f)
	defer cancel()
	for i := range entries {
		r.Record(&entries[i])
		for len(events) > 0 {
			texts = append(texts, (<-events).Text)
		}
	}
	return texts
}

// conversation is a registration in recording order: each message is recorded when its handling
// ends.
func conversation() []trace.Entry {
	about := func(user, text string) trace.Note { return trace.Note{Realm: "acme.test", User: user, Text: text} }
	note := func(text string) trace.Note { return trace.Note{Text: text} }
	user, other := trace.Label{Prefix: "user/", Realm: "acme.test", User: "100"}, trace.Label{Prefix: "user/", Realm: "acme.test", User: "200"}
	flow, writer := trace.Label{Prefix: "bridge/registrations"}, trace.Label{Prefix: "registrations/writer"}
	id := trace.NewID
	return []trace.Entry{
		{ID: id(7, 1), Process: flow, Note: note("unrelated")},
		{Cause: id(3, 1), Process: flow, Kind: trace.Delivery, Note: about("100", "the delivery")},
		{ID: id(4, 1), Cause: id(3, 1), Process: writer, Note: note("another of the same batch")},
		{ID: id(3, 1), Cause: id(2, 1), Process: flow, Note: note("the message of the delivery")},
		{ID: id(4, 2), Cause: id(3, 1), Process: writer, Note: note("one more of the same batch")},
		{ID: id(2, 1), Process: flow, Note: note("the cause of that message")},
		{ID: id(9, 0), Cause: id(3, 1), Process: user, Kind: trace.Start, Note: note("the start")},
		{ID: id(9, 1), Cause: id(3, 1), Process: user, Note: about("100", "the request")},
		{ID: id(5, 4), Cause: id(9, 1), Process: writer, Note: note("the write")},
		{Cause: id(5, 4), Process: writer, Kind: trace.Commit, Note: note("the commit")},
		{ID: id(10, 1), Cause: id(5, 4), Process: other, Note: note("another user")},
		{ID: id(3, 2), Cause: id(9, 1), Process: flow, Kind: trace.Completion, Failed: true, Note: note("the answer")},
		{Cause: id(3, 2), Process: flow, Kind: trace.Crash, Note: note("the crash")},
		{Cause: id(7, 1), Process: flow, Kind: trace.Crash, Note: note("an unrelated crash")},
	}
}

// A follower of a user receives the whole conversation, with events that name no user, and no
// other effects of its causes.
func TestFollowSendsConversation(t *testing.T) {
	for name, c := range map[string]struct {
		f    trace.Filter
		want []string
	}{
		"a user": {trace.Filter{User: "100", Realm: "acme.test"}, []string{
			"the delivery", "the message of the delivery", "the cause of that message", "the start", "the request", "the write", "the commit", "the answer", "the crash",
		}},
		"a user's crashes": {trace.Filter{User: "100", Kinds: []trace.Kind{trace.Crash}}, []string{"the crash"}},
		"all crashes":      {trace.Filter{Kinds: []trace.Kind{trace.Crash}}, []string{"the crash", "an unrelated crash"}},
		"an unknown user":  {trace.Filter{User: "300"}, nil},
	} {
		if diff := cmp.Diff(c.want, followed(c.f, conversation()...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A follower remembers a bounded number of causes.
func TestFollowForgetsOldCauses(t *testing.T) {
	const causes = 10_000
	var entries []trace.Entry
	for i := range uint64(causes) {
		entries = append(entries, trace.Entry{Cause: trace.NewID(1, i+1), Note: trace.Note{User: "100"}})
	}
	entries = append(entries, trace.Entry{ID: trace.NewID(1, 1), Note: trace.Note{Text: "the first cause"}}, trace.Entry{ID: trace.NewID(1, causes), Note: trace.Note{Text: "the last"}})
	texts := followed(trace.Filter{User: "100"}, entries...)
	if len(texts) != causes+1 || texts[causes] != "the last" {
		t.Errorf("%d events, the last %q", len(texts), texts[len(texts)-1])
	}
}

// A slow follower loses events, and they are counted.
func TestFollowLosesEvents(t *testing.T) {
	r := trace.New(64, time.Unix(0, 0), 0)
	events, lost, cancel := r.Follow(trace.Filter{User: "100"})
	for i := range 5000 {
		r.Record(&trace.Entry{Incarnation: 1, Began: time.Duration(i), Note: trace.Note{User: strconv.Itoa(100 + i%2)}})
	}
	if (<-events).User != "100" || lost() != 0 {
		t.Errorf("%d events lost before the channel was full", lost())
	}
	for range 10_000 {
		r.Record(&trace.Entry{Incarnation: 1, Note: trace.Note{User: "100"}})
	}
	if n := uint64(len(events)) + lost(); n != 2499+10_000 || lost() == 0 {
		t.Errorf("%d events in the channel, %d lost", len(events), lost())
	}
	cancel()
	before := len(events)
	r.Record(&trace.Entry{Incarnation: 1, Note: trace.Note{User: "100"}})
	if len(events) != before {
		t.Error("an event after cancel")
	}
}

// A follower gets bounded texts, like the ring: EachLine fails on a line that is too long.
func TestFollowBoundsTexts(t *testing.T) {
	r := trace.New(64, time.Unix(0, 0), 0)
	events, _, cancel := r.Follow(trace.Filter{})
	defer cancel()
	long := strings.Repeat("x", 2<<20)
	r.Record(&trace.Entry{Incarnation: 1, Kind: trace.Crash, Note: trace.Note{MsgID: long, Text: long}})
	if diff := cmp.Diff(r.Snapshot(trace.Filter{})[0], <-events, cmpopts.IgnoreUnexported(trace.Event{})); diff != "" {
		t.Error(diff)
	}
}
