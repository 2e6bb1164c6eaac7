package otlp

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"go.opentelemetry.io/otel/trace"

	recorded "registrar/actors/trace"
)

// ids computes the IDs of spans and traces from the ID of the next message. One goroutine uses it.
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

// NewIDs returns the IDs of a span that starts a trace.
func (g *ids) NewIDs(context.Context) (t trace.TraceID, s trace.SpanID) {
	sum := g.sum()
	return trace.TraceID(sum[:16]), trace.SpanID(sum[16:24])
}

// NewSpanID returns the ID of a span in an existing trace.
func (g *ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	sum := g.sum()
	return trace.SpanID(sum[16:24])
}
