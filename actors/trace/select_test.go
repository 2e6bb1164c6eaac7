package trace_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/trace"
	"registrar/actors/trace/tracetest"
)

func TestSelect(t *testing.T) {
	all := tracetest.Scenario().Snapshot(trace.Filter{})
	count := func(f trace.Filter) int { return len(trace.Select(all, f)) }
	for _, c := range []struct {
		name string
		f    trace.Filter
		want int
	}{
		{"everything", trace.Filter{}, 13},
		{"a user, across its crash", trace.Filter{User: "100", Realm: "acme.test"}, 12},
		{"another user", trace.Filter{User: "200", Realm: "b.test"}, 1},
		{"a realm", trace.Filter{Realm: "b.test"}, 1},
		{"a Msg-ID", trace.Filter{MsgID: "m1"}, 11},
		{"an unknown user", trace.Filter{User: "300"}, 0},
		{"a process, with its causes", trace.Filter{Process: "registrations/*"}, 7},
		{"a crash, with its causes", trace.Filter{Kinds: []trace.Kind{trace.Crash}}, 3},
		{"a type", trace.Filter{Type: "stored"}, 7},
	} {
		if got := count(c.f); got != c.want {
			t.Errorf("%s: %d events, want %d", c.name, got, c.want)
		}
	}
	if got := len(trace.Chain(all, trace.NewID(10, 3))); got != 12 {
		t.Errorf("chain of the last message: %d events, want 12", got)
	}
	if trace.Chain(all, trace.NewID(99, 1)) != nil {
		t.Error("chain of an unknown message is not nil")
	}
	if err := (trace.Filter{Process: "["}).Check(); err == nil {
		t.Error("malformed pattern accepted")
	}
}

// crash returns a crash of a user's actor with its causes: a delivery and the message of a shard.
func crash(realm, msgID string, n uint64) []trace.Event {
	delivery, shard, user := trace.NewID(3, n), trace.NewID(4, n), trace.NewID(100+n, 1)
	at := func(ms int) time.Time { return time.UnixMilli(int64(n)*1000 + int64(ms)) }
	process := "user/100@" + realm
	return []trace.Event{
		{Time: at(0), ID: delivery, Process: "bridge/registrations"},
		{Time: at(1), ID: shard, Cause: delivery, Process: "users/00", Type: "directory.Deliver", Note: trace.Note{Realm: realm, User: "100", MsgID: msgID}},
		{Time: at(2), ID: trace.NewID(100+n, 0), Cause: shard, Process: process, Kind: trace.Start},
		{Time: at(3), ID: user, Cause: shard, Process: process, Type: "registration.Register", Failed: true, Note: trace.Note{Realm: realm, User: "100"}},
		{Time: at(4), Cause: user, Process: process, Kind: trace.Crash, Note: trace.Note{Text: "boom"}},
	}
}

// A crash event has no note and no type. A filter finds it by the fields of its causes.
func TestSelectCrashes(t *testing.T) {
	all := append(crash("a.test", "m1", 1), crash("b.test", "m2", 2)...)
	for name, c := range map[string]struct {
		f    trace.Filter
		want int
	}{
		"all":                 {trace.Filter{}, 2},
		"a user":              {trace.Filter{User: "100", Realm: "a.test"}, 1},
		"a user in any realm": {trace.Filter{User: "100"}, 2},
		"another user":        {trace.Filter{User: "200"}, 0},
		"a realm":             {trace.Filter{Realm: "b.test"}, 1},
		"a Msg-ID":            {trace.Filter{MsgID: "m1"}, 1},
		"a type":              {trace.Filter{Type: "Register"}, 2},
		"a process":           {trace.Filter{Process: "user/*@a.test"}, 1},
		"another process":     {trace.Filter{Process: "users/*"}, 0},
		"since":               {trace.Filter{Since: time.UnixMilli(1900)}, 1},
		"a Msg-ID, too early": {trace.Filter{MsgID: "m1", Since: time.UnixMilli(1900)}, 0},
	} {
		c.f.Kinds = []trace.Kind{trace.Crash}
		got := map[string]int{}
		for _, e := range trace.Select(all, c.f) {
			got[e.Kind.String()]++
		}
		want := map[string]int{"message": 3 * c.want, "crash": c.want}
		if c.want == 0 {
			want = map[string]int{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Users of one name in two realms have separate conversations, even with a common cause; so have
// the realms.
func TestSelectSameUserInTwoRealms(t *testing.T) {
	root := trace.NewID(1, 1)
	all := []trace.Event{
		{Time: time.UnixMilli(1), ID: root, Process: "users/00", Note: trace.Note{Realm: "b.test", User: "100"}},
		{Time: time.UnixMilli(2), ID: trace.NewID(2, 1), Cause: root, Process: "user/100@a.test", Note: trace.Note{Realm: "a.test", User: "100"}},
		{Time: time.UnixMilli(3), ID: trace.NewID(3, 1), Cause: root, Process: "user/100@b.test", Note: trace.Note{Realm: "b.test", User: "100"}},
		{Time: time.UnixMilli(4), ID: trace.NewID(4, 0), Cause: root, Process: "user/200@b.test", Kind: trace.Start},
		{Time: time.UnixMilli(5), ID: trace.NewID(2, 2), Cause: trace.NewID(2, 1), Process: "user/100@a.test", Kind: trace.Timer},
	}
	all = append(all, trace.Event{Time: time.UnixMilli(6), ID: trace.NewID(5, 1), Cause: root, Process: "users/00", Type: "batch", Note: trace.Note{MsgID: "m"}})
	for name, c := range map[string]struct {
		f    trace.Filter
		want []string
	}{
		"100@a.test": {trace.Filter{User: "100", Realm: "a.test"}, []string{"users/00", "user/100@a.test", "user/100@a.test"}},
		"100@b.test": {trace.Filter{User: "100", Realm: "b.test"}, []string{"users/00", "user/100@b.test", "users/00"}},
		"100":        {trace.Filter{User: "100"}, []string{"users/00", "user/100@a.test", "user/100@b.test", "user/100@a.test", "users/00"}},
		"b.test":     {trace.Filter{Realm: "b.test"}, []string{"users/00", "user/100@b.test", "user/200@b.test", "users/00"}},
		"the shard":  {trace.Filter{Process: "users/00", Type: "batch"}, []string{"users/00", "users/00"}},
	} {
		var got []string
		for _, e := range trace.Select(all, c.f) {
			got = append(got, e.Process)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
