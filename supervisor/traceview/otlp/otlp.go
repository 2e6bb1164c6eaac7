package otlp

import (
	"context"
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

// Send sends the events to an HTTP endpoint of a collector, such as
// http://127.0.0.1:4318/v1/traces. It returns when the collector has accepted all of them, or
// with the first error.
func Send(ctx context.Context, endpoint string, events []recorded.Event) error {
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithTimeout(10*time.Second))
	if err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	exporter := &strict{SpanExporter: client}
	s := newSender(events)
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter, sdk.WithMaxQueueSize(len(events)+1)), sdk.WithIDGenerator(s.ids),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "registrar"))), sdk.WithRawSpanLimits(unlimited()))
	s.tracer = provider.Tracer("registrar/actors/trace")
	for _, e := range events {
		if e.ID != 0 || !s.known[e.Cause] {
			s.span(ctx, e)
		}
	}
	if err := errors.Join(provider.ForceFlush(ctx), provider.Shutdown(ctx), exporter.failure()); err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	return nil
}

// unlimited lifts the limits of the SDK: the events are bounded already.
func unlimited() sdk.SpanLimits {
	return sdk.SpanLimits{
		AttributeValueLengthLimit: -1, AttributeCountLimit: -1, EventCountLimit: -1,
		LinkCountLimit: -1, AttributePerEventCountLimit: -1, AttributePerLinkCountLimit: -1,
	}
}

// strict is an exporter that stops at the first error and keeps it. The SDK sends most batches
// on a goroutine of its own and would only log the error.
type strict struct {
	sdk.SpanExporter
	mu  sync.Mutex
	err error
}

// ExportSpans sends a batch, unless an earlier one failed.
func (s *strict) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = s.SpanExporter.ExportSpans(ctx, spans)
	}
	return nil
}

func (s *strict) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// sender converts events to spans. One goroutine uses it.
type sender struct {
	ids    *ids
	tracer trace.Tracer
	known  map[recorded.ID]bool              // IDs of all messages
	spans  map[recorded.ID]trace.SpanContext // by message
	during map[recorded.ID][]recorded.Event  // events in the handling of a message
}

func newSender(events []recorded.Event) *sender {
	s := &sender{
		ids: &ids{}, known: map[recorded.ID]bool{}, spans: map[recorded.ID]trace.SpanContext{}, during: map[recorded.ID][]recorded.Event{},
	}
	if len(events) > 0 {
		s.ids.run = events[0].Time.UnixNano()
	}
	for _, e := range events {
		if e.ID != 0 {
			s.known[e.ID] = true
		}
	}
	for _, e := range events {
		if e.ID == 0 && s.known[e.Cause] {
			s.during[e.Cause] = append(s.during[e.Cause], e)
		}
	}
	return s
}

// span creates the span of one event.
func (s *sender) span(ctx context.Context, e recorded.Event) {
	opts := []trace.SpanStartOption{trace.WithTimestamp(e.Time), trace.WithAttributes(attributes(e)...), trace.WithSpanKind(trace.SpanKindInternal)}
	cause, known := s.spans[e.Cause]
	switch {
	case known && e.Asks:
		ctx = trace.ContextWithSpanContext(ctx, cause)
	case known:
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: cause}))
	}
	s.ids.next = e.ID
	_, span := s.tracer.Start(ctx, e.Name(), opts...)
	for _, x := range s.during[e.ID] {
		span.AddEvent(x.Kind.String(), trace.WithTimestamp(x.Time), trace.WithAttributes(attributes(x)...))
	}
	if e.Failed || e.Kind == recorded.Crash {
		span.SetStatus(codes.Error, "crashed")
	}
	span.End(trace.WithTimestamp(e.End()))
	if e.ID != 0 {
		s.spans[e.ID] = span.SpanContext()
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
