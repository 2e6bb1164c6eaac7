package tracetest

import (
	"reflect"
	"time"

	"registrar/actors/trace"
)

// The message types of the scenario.
type (
	register struct{}
	written  struct{}
	stored   struct{}
)

const ms = time.Millisecond

// Scenario returns a recording of one registration: its actor crashes at the first attempt and
// accepts the second, and with an event of another user.
func Scenario() *trace.Recorder {
	r := trace.New(4096, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 0)
	user := trace.Label{Prefix: "user/", Realm: "acme.test", User: "100"}
	flow, writer := trace.Label{Prefix: "bridge/registrations"}, trace.Label{Prefix: "registrations/writer"}
	about := trace.Note{Realm: "acme.test", User: "100", MsgID: "m1"}
	registerType, writtenType, storedType := reflect.TypeFor[register](), reflect.TypeFor[*written](), reflect.TypeFor[stored]()
	delivered := trace.NewID(3, 1)
	with := func(n trace.Note, text string) trace.Note { n.Text = text; return n }
	for _, e := range []trace.Entry{
		{ID: delivered, Incarnation: 3, Process: flow, Began: 1 * ms, Ended: 2 * ms, Sent: ms / 2, From: "amqp", Type: registerType},
		{Cause: delivered, Incarnation: 3, Process: flow, Kind: trace.Delivery, Began: 1*ms + ms/2, Note: with(about, "reg_success")},
		{ID: trace.NewID(9, 0), Cause: delivered, Incarnation: 9, Process: user, Kind: trace.Start, Began: 3 * ms, Ended: 4 * ms},
		{ID: trace.NewID(9, 1), Cause: delivered, Incarnation: 9, Process: user, Began: 5 * ms, Ended: 6 * ms, Sent: 2 * ms, Type: registerType, Note: about, Asks: true, Failed: true},
		{Cause: trace.NewID(9, 1), Incarnation: 9, Process: user, Kind: trace.Crash, Began: 6 * ms, Note: trace.Note{Text: "crash: <boom>; #1"}},
		{ID: trace.NewID(10, 0), Cause: trace.NewID(9, 1), Incarnation: 10, Process: user, Kind: trace.Restart, Began: 7 * ms, Ended: 7 * ms},
		{ID: trace.NewID(3, 2), Cause: trace.NewID(9, 1), Incarnation: 3, Process: flow, Kind: trace.Completion, Began: 8 * ms, Ended: 9 * ms, Sent: 7 * ms, Type: writtenType, Note: with(about, "failed")},
		{ID: trace.NewID(3, 3), Cause: trace.NewID(3, 2), Incarnation: 3, Process: flow, Kind: trace.Timer, Began: 58 * ms, Ended: 59 * ms, Type: writtenType},
		{ID: trace.NewID(10, 2), Cause: trace.NewID(3, 3), Incarnation: 10, Process: user, Began: 60 * ms, Ended: 61 * ms, Sent: 59 * ms, Type: registerType, Note: about, Asks: true},
		{ID: trace.NewID(5, 4), Cause: trace.NewID(10, 2), Incarnation: 5, Process: writer, Began: 62 * ms, Ended: 66 * ms, Sent: 61 * ms, Type: storedType, Note: with(about, "put")},
		{Cause: trace.NewID(5, 4), Incarnation: 5, Process: writer, Kind: trace.Commit, Began: 65 * ms, Note: trace.Note{Text: "1 record"}},
		{ID: trace.NewID(10, 3), Cause: trace.NewID(10, 2), Incarnation: 10, Process: user, Kind: trace.Completion, Began: 67 * ms, Ended: 68 * ms, Sent: 66 * ms, Type: writtenType},
		{ID: trace.NewID(7, 1), Incarnation: 7, Process: trace.Label{Prefix: "user/", Realm: "b.test", User: "200"}, Began: 64 * ms, Ended: 65 * ms, Type: registerType, Note: trace.Note{Realm: "b.test", User: "200"}},
	} {
		e.Boot = 1
		r.Record(&e)
	}
	return r
}
