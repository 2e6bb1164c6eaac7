package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Operation is what a phone has its switch do.
type Operation string

// The operations. An authn is measured from the time at which its step was due; a registration from its report to the broker's confirm.
const (
	OpAuthn        Operation = "authn"
	OpRegistration Operation = "registration"
	OpQuery        Operation = "query"
)

// Operations lists them in the order in which they are shown.
func Operations() []Operation { return []Operation{OpAuthn, OpRegistration, OpQuery} }

// Figures are what was measured of one operation over some time.
type Figures struct {
	Operation Operation
	// Done are the answers that were right; Wrong those that were not, with a wrong password or contact or none at all; Timeouts and
	// Errors got none.
	Done, Wrong, Timeouts, Errors uint64
	// Example says of one wrong answer what was wrong.
	Example string
	// P50 to Max are the percentiles of the latency of what was answered.
	P50, P90, P99, P999, Max time.Duration
}

// longest is the largest latency that a meter tells apart.
const longest = time.Minute

// meter measures one operation. It is safe for use by many goroutines.
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

// errWrong marks an answer that is not the right one.
var errWrong = errors.New("a wrong answer")

// note takes the end of one operation.
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
