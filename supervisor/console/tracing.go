package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"registrar/actors/trace"
)

// ErrNotRecorded means that the server does not record events.
var ErrNotRecorded = errors.New("nothing is recorded: the server was started with --max-trace 0")

// Tracing provides the recorded events and the crash reports.
type Tracing interface {
	// Recorder returns the recorder, or nil if nothing is recorded.
	Recorder() *trace.Recorder
	// Crashes returns the stored crash reports, the oldest first.
	Crashes(ctx context.Context) ([]trace.CrashReport, error)
}

func tracingRoutes(mux *http.ServeMux, t Tracing) {
	mux.HandleFunc("GET /v1/trace", func(w http.ResponseWriter, r *http.Request) {
		f, err := readFilter(r.FormValue)
		if err != nil {
			writeText(w, http.StatusBadRequest, err.Error())
			return
		}
		if !t.Recorder().On() {
			writeResult(w, nil, ErrNotRecorded)
			return
		}
		if r.FormValue("follow") != "" {
			follow(w, r, t.Recorder(), f)
			return
		}
		since := trace.Filter{Since: f.Since}
		_ = trace.WriteLines(w, trace.Select(t.Recorder().Snapshot(since), f)) // an error means that the client has gone
	})
	mux.HandleFunc("GET /v1/crashes", func(w http.ResponseWriter, r *http.Request) {
		all, err := t.Crashes(r.Context())
		writeResult(w, all, err)
	})
}

// readFilter parses the output of filterQuery.
func readFilter(get func(string) string) (f trace.Filter, err error) {
	f = trace.Filter{MsgID: get("msg_id"), Realm: get("realm"), User: get("user"), Process: get("process"), Type: get("type")}
	if text := get("since"); text != "" {
		if f.Since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return f, fmt.Errorf("since: %w", err)
		}
	}
	if get("crashes") != "" {
		f.Kinds = []trace.Kind{trace.Crash, trace.GaveUp, trace.Abandoned}
	}
	return f, f.Check()
}

// filterQuery encodes a filter; of Kinds it encodes only that crashes are wanted.
func filterQuery(f trace.Filter) url.Values {
	q := url.Values{"msg_id": {f.MsgID}, "realm": {f.Realm}, "user": {f.User}, "process": {f.Process}, "type": {f.Type}}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	if len(f.Kinds) > 0 {
		q.Set("crashes", "1")
	}
	return q
}

// follow sends events until the client disconnects. The next event after a loss has the number
// of lost events.
func follow(w http.ResponseWriter, r *http.Request, rec *trace.Recorder, f trace.Filter) {
	events, lost, cancel := rec.Follow(f)
	defer cancel()
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // the response has no end
	_ = out.Flush()
	reported := uint64(0)
	enc := json.NewEncoder(w)
	for {
		select {
		case e := <-events:
			n := lost()
			e.Lost, reported = n-reported, n
			if enc.Encode(&e) != nil || len(events) == 0 && out.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// Trace calls each with the recorded events that [trace.Select] selects, until each returns false.
func (c *Client) Trace(ctx context.Context, f trace.Filter, each func(trace.Event) bool) error {
	return c.stream(ctx, "/v1/trace", filterQuery(f), func(r io.Reader) error { return trace.EachLine(r, each) })
}

// Follow calls each with the events that are recorded from now on, until ctx ends or each
// returns false; see [trace.Recorder.Follow]. It calls subscribed first: later events are not
// missed.
func (c *Client) Follow(ctx context.Context, f trace.Filter, subscribed func() error, each func(trace.Event) bool) error {
	q := filterQuery(f)
	q.Set("follow", "1")
	err := c.stream(ctx, "/v1/trace", q, func(r io.Reader) error {
		if err := subscribed(); err != nil {
			return err
		}
		return trace.EachLine(r, each)
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the end of ctx is the normal end.
	}
	return err
}

// Crashes returns the stored crash reports, the oldest first.
func (c *Client) Crashes(ctx context.Context) (all []trace.CrashReport, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/crashes", nil, nil, &all)
	return all, err
}
