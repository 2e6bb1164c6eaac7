// Package otlp sends recorded events to a collector of OpenTelemetry, with the official SDK.
//
// Each message is a span of its process, named after its type, from when it was taken until its handling was over. A request, whose sender waits for an
// answer, is a child of the message in which it was asked; what was told, and nobody waits for, is a span of its own trace with a link to the message in
// which it was told. Everything else (crashes, commits, publishings) is an event of the span of its cause, and a span without length when it has none.
//
// Ids are made of the ids of the messages and of the time of the first event, so that the same events sent twice are the same spans.
package otlp

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	recorded "registrar/actors/trace"
)

// Send sends the events to a collector's HTTP endpoint, such as http://127.0.0.1:4318/v1/traces, and returns when it has them all, or has refused some.
func Send(ctx context.Context, endpoint string, events []recorded.Event) error {
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithTimeout(10*time.Second))
	if err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	exporter := &strict{SpanExporter: client}
	s := &sender{ids: &ids{}, roots: map[recorded.ID]trace.SpanContext{}, last: map[recorded.ID][]recorded.Event{}}
	if len(events) > 0 {
		s.ids.run = events[0].Time.UnixNano()
	}
	s.known = map[recorded.ID]bool{}
	for _, e := range events {
		if e.ID != 0 {
			s.known[e.ID] = true
		}
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter, sdk.WithMaxQueueSize(len(events)+1)), sdk.WithIDGenerator(s.ids),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "registrar"))), sdk.WithRawSpanLimits(sdk.SpanLimits{
			AttributeValueLengthLimit: -1, AttributeCountLimit: -1, EventCountLimit: -1, LinkCountLimit: -1, AttributePerEventCountLimit: -1, AttributePerLinkCountLimit: -1,
		}))
	s.tracer = provider.Tracer("registrar/actors/trace")
	for _, e := range events {
		if e.ID == 0 && s.known[e.Cause] {
			s.last[e.Cause] = append(s.last[e.Cause], e)
		}
	}
	for _, e := range events {
		if e.ID != 0 || !s.known[e.Cause] {
			s.span(ctx, e)
		}
	}
	if err := errors.Join(provider.ForceFlush(ctx), provider.Shutdown(ctx), exporter.refused()); err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	return nil
}

// strict ends with the first batch that is refused and keeps why: the SDK, which sends most of them on a goroutine of its own, would tell only its log.
type strict struct {
	sdk.SpanExporter
	mu  sync.Mutex
	err error
}

// ExportSpans sends a batch.
func (s *strict) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = s.SpanExporter.ExportSpans(ctx, spans)
	}
	return nil
}

func (s *strict) refused() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

type sender struct {
	ids    *ids
	tracer trace.Tracer
	known  map[recorded.ID]bool
	roots  map[recorded.ID]trace.SpanContext // of the spans made so far
	last   map[recorded.ID][]recorded.Event  // what happened in the handling of a message
}

// span makes the span of one event.
func (s *sender) span(ctx context.Context, e recorded.Event) {
	opts := []trace.SpanStartOption{trace.WithTimestamp(e.Time), trace.WithAttributes(attributes(e)...), trace.WithSpanKind(trace.SpanKindInternal)}
	cause, there := s.roots[e.Cause]
	switch {
	case there && e.Asks:
		ctx = trace.ContextWithSpanContext(ctx, cause)
	case there:
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: cause}))
	}
	s.ids.next = e.ID
	_, span := s.tracer.Start(ctx, e.Name(), opts...)
	for _, x := range s.last[e.ID] {
		span.AddEvent(x.Kind.String(), trace.WithTimestamp(x.Time), trace.WithAttributes(attributes(x)...))
	}
	if e.Failed || e.Kind == recorded.Crash {
		span.SetStatus(codes.Error, "crashed")
	}
	span.End(trace.WithTimestamp(e.End()))
	if e.ID != 0 {
		s.roots[e.ID] = span.SpanContext()
	}
}

func attributes(e recorded.Event) []attribute.KeyValue {
	all := []attribute.KeyValue{attribute.String("registrar.process", e.Process), attribute.String("registrar.kind", e.Kind.String())}
	for k, v := range map[string]string{
		"registrar.epoch": e.Epoch, "registrar.id": e.ID.String(), "registrar.cause": e.Cause.String(), "registrar.from": e.From,
		"registrar.realm": e.Realm, "registrar.user": e.User, "registrar.msg_id": e.MsgID, "registrar.text": e.Text,
	} {
		if v != "" {
			all = append(all, attribute.String(k, v))
		}
	}
	if e.Wait > 0 {
		all = append(all, attribute.Int64("registrar.wait_ns", e.Wait.Nanoseconds()))
	}
	return all
}

// ids makes the ids of spans and traces out of the id of the message that is next. One goroutine uses it.
type ids struct {
	run  int64
	next recorded.ID
	n    uint64
}

func (g *ids) sum() [sha256.Size]byte {
	g.n++
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(g.run)) //nolint:gosec // any bits will do.
	binary.BigEndian.PutUint64(b[8:], uint64(g.next))
	if g.next == 0 {
		binary.BigEndian.PutUint64(b[16:], g.n)
	}
	return sha256.Sum256(b[:])
}

// NewIDs makes the ids of a span that begins a trace.
func (g *ids) NewIDs(context.Context) (t trace.TraceID, s trace.SpanID) {
	sum := g.sum()
	return trace.TraceID(sum[:16]), trace.SpanID(sum[16:24])
}

// NewSpanID makes the id of a span in a trace.
func (g *ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	sum := g.sum()
	return trace.SpanID(sum[16:24])
}
