package otp_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(libraryFailureEnv); name != "" {
		runLibraryFailure(name)
	}
	otptest.Main(m)
}

// msg is the message type of the test processes.
type msg interface{ testMessage() }

type (
	echo   struct{ otp.From[string] }           // replies with the worker's name
	hold   struct{ otp.From[string] }           // held without a reply
	boom   struct{ otp.From[string] }           // panics
	exit   struct{ reason otp.Reason }          // calls Exit
	goexit struct{}                             // calls runtime.Goexit
	block  struct{ until chan struct{} }        // hangs in the handler
	note   struct{ text string }                // added to the journal
	fn     struct{ do func(*otp.Context[msg]) } // runs a function in the handler
)

func (echo) testMessage()   {}
func (hold) testMessage()   {}
func (boom) testMessage()   {}
func (exit) testMessage()   {}
func (goexit) testMessage() {}
func (block) testMessage()  {}
func (note) testMessage()   {}
func (fn) testMessage()     {}

// journal records events in order and lets a test wait for one.
type journal struct {
	mu    sync.Mutex
	cond  *sync.Cond
	lines []string
	hold  chan struct{} // Terminate waits for it unless it is nil
}

func newJournal() *journal {
	j := &journal{}
	j.cond = sync.NewCond(&j.mu)
	return j
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	j.cond.Broadcast()
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

// await waits until the line has been recorded n times.
func (j *journal) await(line string, n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		count := 0
		for _, l := range j.lines {
			if l == line {
				count++
			}
		}
		if count >= n {
			return
		}
		j.cond.Wait()
	}
}

func (j *journal) holdEnds(until chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hold = until
}

func (j *journal) held() chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.hold
}

func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = nil
}

// worker is the behaviour of the test processes.
type worker struct {
	name     string
	j        *journal
	next     *otp.Ref[msg]
	initErr  func() error
	panicEnd bool
	held     []hold
}

func (w *worker) Init(*otp.Context[msg]) error {
	if w.initErr != nil {
		if err := w.initErr(); err != nil {
			return err
		}
	}
	w.j.add("init " + w.name)
	return nil
}

func (w *worker) Handle(c *otp.Context[msg], m msg) {
	switch m := m.(type) {
	case echo:
		if w.next != nil {
			_ = w.next.Tell(c, m)
			return
		}
		m.Reply(w.name)
	case hold:
		w.held = append(w.held, m)
		w.j.add("held " + w.name)
	case boom:
		panic("boom")
	case goexit:
		runtime.Goexit()
	case exit:
		c.Exit(m.reason)
	case block:
		w.j.add("blocked " + w.name)
		<-m.until
	case note:
		w.j.add(m.text)
	case fn:
		m.do(c)
	}
}

func (w *worker) Terminate(_ *otp.Context[msg], r otp.Reason) {
	if hold := w.j.held(); hold != nil {
		<-hold
	}
	w.j.add("end " + w.name + " " + kindOf(r))
	if w.panicEnd {
		panic("panic in Terminate")
	}
}

func kindOf(r otp.Reason) string {
	return [...]string{"normal", "shutdown", "crash", "killed"}[r.Kind]
}

// testTree is a running tree of workers.
type testTree struct {
	faults *fault.Set
	t      *testing.T
	sys    *otp.System
	app    *otp.App
	j      *journal
	refs   map[string]*otp.Ref[msg]
}

type opt func(*testTree, *otp.SupSpec)

func startTree(t *testing.T, spec otp.SupSpec, names []string, opts ...opt) *testTree {
	t.Helper()
	p := &testTree{t: t, faults: &fault.Set{}, j: newJournal(), refs: map[string]*otp.Ref[msg]{}}
	p.sys = otp.NewSystem(otp.WithFaults(p.faults))
	for _, n := range names {
		ref := otp.NewRef[msg](p.sys, n)
		p.refs[n] = ref
		spec.Children = append(spec.Children, otp.ChildSpec{
			ID: n, Start: otp.Worker(ref, func() otp.Behaviour[msg] { return &worker{name: n, j: p.j} }),
		})
	}
	for _, o := range opts {
		o(p, &spec)
	}
	app, err := otp.Start(t.Context(), p.sys, "top", spec)
	if err != nil {
		t.Fatal(err)
	}
	p.app = app
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = p.app.Stop(ctx)
	})
	return p
}

func (p *testTree) tell(name string, m msg) {
	p.t.Helper()
	if err := p.refs[name].Tell(otp.External("test"), m); err != nil {
		p.t.Fatal(err)
	}
}

func ask(t *testing.T, ref *otp.Ref[msg], build func(otp.From[string]) msg) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return otp.Call(ctx, otp.External("test"), ref, build)
}

func asEcho(f otp.From[string]) msg { return echo{f} }
func asHold(f otp.From[string]) msg { return hold{f} }
func asBoom(f otp.From[string]) msg { return boom{f} }

// awaitEcho asks until the process answers; during a restart it may not.
func (p *testTree) awaitEcho(name string) {
	p.t.Helper()
	for {
		got, err := ask(p.t, p.refs[name], asEcho)
		switch {
		case err == nil && got == name:
			return
		case err != nil && !errors.Is(err, otp.ErrNoProcess):
			p.t.Fatal(err)
		case p.t.Context().Err() != nil:
			p.t.Fatal("never answered")
		}
		runtime.Gosched()
	}
}
