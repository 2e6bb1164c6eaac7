package otlp_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	proto "google.golang.org/protobuf/proto"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"registrar/actors/trace"
	"registrar/supervisor/traceview/otlp"
)

// collect starts a collector that decodes requests with the types of OpenTelemetry.
func collect(t *testing.T, spans map[string][]*tracepb.Span) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			in = z
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Error(err)
		}
		var req collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil {
			t.Error(err)
		}
		for _, rs := range req.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, span := range ss.GetSpans() {
					spans[span.GetName()] = append(spans[span.GetName()], span)
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	return s
}

// A request is a child of its cause, another message is linked to it; a crash and a commit are
// events of the span of their message.
func TestSpans(t *testing.T) {
	f, err := os.Open("../testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	events, err := trace.ReadLines(f)
	if err != nil {
		t.Fatal(err)
	}
	spans := map[string][]*tracepb.Span{}
	s := collect(t, spans)
	if err := otlp.Send(t.Context(), s.URL+"/v1/traces", events); err != nil {
		t.Fatal(err)
	}
	delivered, tries, stored := spans["tracetest.register"][0], spans["tracetest.register"][1:], spans["tracetest.stored"][0]
	if string(tries[0].GetParentSpanId()) != string(delivered.GetSpanId()) || string(tries[0].GetTraceId()) != string(delivered.GetTraceId()) {
		t.Error("the request is not a child of its cause")
	}
	if len(stored.GetParentSpanId()) > 0 || len(stored.GetLinks()) != 1 || string(stored.GetLinks()[0].GetSpanId()) != string(tries[1].GetSpanId()) {
		t.Errorf("a message without a reply is not linked: %v", stored)
	}
	if tries[0].GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR || tries[0].GetEvents()[0].GetName() != "crash" || stored.GetEvents()[0].GetName() != "commit" {
		t.Errorf("the crash or the commit is missing: %v, %v", tries[0], stored)
	}
	if took := tries[0].GetEndTimeUnixNano() - tries[0].GetStartTimeUnixNano(); took != 1e6 {
		t.Errorf("a span of %d ns", took)
	}
	n := 0
	for _, list := range spans {
		n += len(list)
	}
	if n != 9 { // of the 12 events, three belong to the handling of a message
		t.Errorf("%d spans", n)
	}
	first := string(delivered.GetSpanId())
	clear(spans)
	if err := otlp.Send(t.Context(), s.URL+"/v1/traces", events); err != nil {
		t.Fatal(err)
	}
	if string(spans["tracetest.register"][0].GetSpanId()) != first {
		t.Error("the same events have other span IDs the second time")
	}
}

// The error of a collector names its status.
func TestNoCollector(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	err := otlp.Send(t.Context(), s.URL+"/v1/traces", []trace.Event{{Kind: trace.Start, Process: "p"}})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}

// A refused batch is an error, and no further batch is sent.
func TestBatchRefused(t *testing.T) {
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer s.Close()
	events := make([]trace.Event, 2000) // the SDK sends 512 at a time
	for i := range events {
		events[i] = trace.Event{Kind: trace.Start, Process: "p", ID: trace.NewID(1, uint64(i+1))}
	}
	err := otlp.Send(t.Context(), s.URL+"/v1/traces", events)
	if err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("%v", err)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want none after the refused one", n)
	}
}
