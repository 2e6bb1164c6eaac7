package traceview

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"registrar/actors/trace"
)

// traceEvent is one event of Chrome's Trace Event Format, which Perfetto opens. Times are in
// microseconds.
type traceEvent struct {
	Name  string         `json:"name"`
	Cat   string         `json:"cat"`
	Phase string         `json:"ph"`
	TS    float64        `json:"ts"`
	Dur   *float64       `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	ID    string         `json:"id,omitempty"`
	Bind  string         `json:"bp,omitempty"`
	Scope string         `json:"s,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// Perfetto writes Chrome's Trace Event Format, for https://ui.perfetto.dev or chrome://tracing.
// Each process is a track, each message a slice, each other event an instant, and an arrow goes
// from each cause to its effects. The viewer binds arrows to slices only, so a start, which has
// effects without being a message, is a slice of 1 ns.
func Perfetto(w io.Writer, events []trace.Event) error {
	lanes := newChart()
	var out []traceEvent
	add := func(t traceEvent) { t.PID = 1; out = append(out, t) }
	add(traceEvent{Name: "process_name", Cat: "__metadata", Phase: "M", Args: map[string]any{"name": "registrar"}})
	x := trace.NewIndex(events)
	for _, e := range events {
		known := len(lanes.lanes)
		tid := lanes.lane(e.Process) + 1
		if len(lanes.lanes) > known {
			add(traceEvent{Name: "thread_name", Cat: "__metadata", Phase: "M", TID: tid, Args: map[string]any{"name": e.Process}})
		}
		t := traceEvent{Name: e.Name(), Cat: e.Kind.String(), TS: micros(e.Time.Sub(events[0].Time)), TID: tid, Args: args(e)}
		if took := micros(max(e.Took, time.Nanosecond)); e.Kind.Handled() || e.ID != 0 {
			t.Phase, t.Dur = "X", &took
		} else {
			t.Phase, t.Scope = "i", "t"
		}
		add(t)
		if up, ok := x.Find(e.Cause); ok && e.Kind.Handled() {
			from, id := events[up], e.ID.String()
			add(traceEvent{
				Name: "causes", Cat: "flow", Phase: "s", TS: micros(from.Time.Sub(events[0].Time)), TID: lanes.lane(from.Process) + 1, ID: id,
			})
			add(traceEvent{Name: "causes", Cat: "flow", Phase: "f", Bind: "e", TS: t.TS, TID: tid, ID: id})
		}
	}
	err := json.NewEncoder(w).Encode(struct {
		TraceEvents []traceEvent `json:"traceEvents"`
		Unit        string       `json:"displayTimeUnit"`
	}{out, "ms"})
	if err != nil {
		return fmt.Errorf("write the trace: %w", err)
	}
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// args returns the details of an event.
func args(e trace.Event) map[string]any {
	a := map[string]any{}
	for k, v := range map[string]string{
		"id": e.ID.String(), "cause": e.Cause.String(), "epoch": e.Epoch, "from": e.From, "realm": e.Realm, "user": e.User, "msg_id": e.MsgID, "text": e.Text,
	} {
		if v != "" {
			a[k] = v
		}
	}
	if e.Wait > 0 {
		a["wait_us"] = micros(e.Wait)
	}
	return a
}
