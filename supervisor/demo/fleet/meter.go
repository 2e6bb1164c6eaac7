package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Operation is a kind of request of a switch.
type Operation string

// The operations. The latency of an authn counts from the due time of its step, that of a
// registration from the publish to the broker's confirm.
const (
	OpAuthn        Operation = "authn"
	OpRegistration Operation = "registration"
	OpQuery        Operation = "query"
)

// Operations lists the operations in display order.
func Operations() []Operation { return []Operation{OpAuthn, OpRegistration, OpQuery} }

// Figures are the measurements of one operation over some time.
type Figures struct {
	Operation Operation
	// Done counts right replies. Wrong counts those with a wrong password or contact, or without
	// one. Timeouts and Errors had no reply.
	Done, Wrong, Timeouts, Errors uint64
	// Example describes one wrong reply.
	Example string
	// P50 to Max are latency percentiles of the replies.
	P50, P90, P99, P999, Max time.Duration
}

// longest is the largest latency that a meter records.
const longest = time.Minute

// meter measures one operation. It is safe for concurrent use.
type meter struct {
	op Operation

	mu         sync.Mutex
	now, whole figures
}

type figures struct {
	Figures
	hist *hdrhistogram.Histogram
}

func newMeter(op Operation) *meter {
	m := &meter{op: op}
	for _, f := range []*figures{&m.now, &m.whole} {
		f.Operation, f.hist = op, hdrhistogram.New(1, longest.Microseconds(), 3)
	}
	return m
}

// errWrong marks a wrong reply.
var errWrong = errors.New("a wrong answer")

// note records the end of one operation.
func (m *meter) note(d time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range []*figures{&m.now, &m.whole} {
		switch {
		case err == nil:
			f.Done++
		case errors.Is(err, errWrong):
			f.Wrong++
			f.Example = err.Error()
		case errors.Is(err, context.DeadlineExceeded):
			f.Timeouts++
			continue
		default:
			f.Errors++
			continue
		}
		_ = f.hist.RecordValue(min(max(d, time.Microsecond), longest).Microseconds()) // within its bounds
	}
}

// interval returns the figures since the last call.
func (m *meter) interval() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.now.read()
	m.now.Figures = Figures{Operation: m.op}
	m.now.hist.Reset()
	return f
}

func (m *meter) total() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.whole.read()
}

func (f *figures) read() Figures {
	out := f.Figures
	at := func(q float64) time.Duration { return time.Duration(f.hist.ValueAtQuantile(q)) * time.Microsecond }
	out.P50, out.P90, out.P99, out.P999 = at(50), at(90), at(99), at(99.9)
	out.Max = time.Duration(f.hist.Max()) * time.Microsecond
	return out
}
