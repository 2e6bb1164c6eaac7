package otp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// When one of two linked incarnations ends abnormally, so does the other; a normal end touches nobody.
func TestLinks(t *testing.T) {
	p := grow(t, lenient, []string{"a", "b", "c"}, func(_ *plant, s *otp.SupSpec) { s.Children[2].Restart = otp.Transient })
	link := func(from, to string) {
		t.Helper()
		linked := make(chan struct{})
		p.tell(from, fn{func(c *otp.Context[msg]) { otp.Link(c, p.refs[to]); close(linked) }})
		<-linked
	}
	link("a", "b")
	link("a", "c")
	p.tell("c", exit{otp.Normal})
	p.j.await("end c normal", 1)
	p.awaitEcho("a")
	p.tell("b", boom{})
	p.j.await("end a crash", 1)
	p.j.await("init a", 2)
	p.awaitEcho("a")
	p.awaitEcho("b") // its restart is not ordered with that of a
	link("a", "b")   // of the new incarnations, the other way round
	p.tell("a", boom{})
	p.j.await("end b crash", 2)
	p.awaitEcho("b")
	link("b", "c") // nobody is there
	p.j.await("end b crash", 3)
}

func (w *worker) State() any { return "state of " + w.name }
func (w *worker) Size() int  { return 1 << 20 }

// A process is looked at while its handler hangs: what the engine knows comes, what the behaviour would say does not.
func TestInspect(t *testing.T) {
	p := grow(t, lenient, []string{"a"})
	p.awaitEcho("a")
	info, err := p.app.Inspect(t.Context(), "a")
	if err != nil || info.BehaviourState != "state of a" || info.Busy || info.Memory < 1<<20 || info.Handled != 1 || info.Kind != "worker" || info.State != "up" {
		t.Errorf("got %+v, %v", info, err)
	}
	release := make(chan struct{})
	p.tell("a", block{release})
	p.j.await("blocked a", 1)
	p.tell("a", note{"one"})
	p.tell("a", note{"two"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	info, err = p.app.Inspect(ctx, "a")
	if err != nil || !info.Busy || info.Queue != 2 || info.Oldest <= 0 || info.Handling != "otp_test.block" || info.HandlingFor <= 0 || info.BehaviourState != nil {
		t.Errorf("while it hangs: %+v, %v", info, err)
	}
	close(release)
	if _, err := p.app.Inspect(t.Context(), "nobody"); !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("nobody: %v", err)
	}
	if info, err := p.app.Inspect(t.Context(), "top"); err != nil || info.Kind != "supervisor" || len(info.Children) != 1 {
		t.Errorf("the supervisor: %+v, %v", info, err)
	}
}

func TestSuspendStepResume(t *testing.T) {
	p := grow(t, lenient, []string{"a", "b"})
	if err := p.app.Step("a"); !errors.Is(err, otp.ErrNotSuspended) {
		t.Errorf("stepped: %v", err)
	}
	if err := p.app.Suspend("a"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		p.tell("a", note{fmt.Sprint("a", i)})
	}
	p.tell("b", note{"b"})
	p.j.await("b", 1)
	if slices.Contains(p.j.all(), "a0") {
		t.Error("a suspended process works")
	}
	if info, err := p.app.Inspect(t.Context(), "a"); err != nil || info.State != "suspended" || info.Queue != 3 || info.BehaviourState != "state of a" {
		t.Errorf("it can be looked at: %+v, %v", info, err)
	}
	if err := p.app.Step("a"); err != nil {
		t.Fatal(err)
	}
	p.j.await("a0", 1)
	if info, _ := p.app.Inspect(t.Context(), "a"); info.Queue != 2 {
		t.Errorf("after a step %d messages wait", info.Queue)
	}
	if err := p.app.Resume("a"); err != nil {
		t.Fatal(err)
	}
	p.j.await("a2", 1)

	// A suspended supervisor restarts nobody until it is resumed or stepped.
	if err := p.app.Suspend("top"); err != nil {
		t.Fatal(err)
	}
	p.tell("a", boom{})
	p.j.await("end a crash", 1)
	p.tell("b", note{"b again"})
	p.j.await("b again", 1)
	if n := count(p.j.all(), "init a"); n != 1 {
		t.Errorf("a was started %d times", n)
	}
	if err := p.app.Step("top"); err != nil {
		t.Fatal(err)
	}
	p.j.await("init a", 2)
	if err := p.app.Resume("top"); err != nil {
		t.Fatal(err)
	}
	p.awaitEcho("a")
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}

// Restarts that are put off longer and longer, and at once again after a while without a crash.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := lenient
		spec.Backoff = &otp.Backoff{Initial: time.Second, Max: 10 * time.Second}
		p := grow(t, spec, []string{"a"})
		began := time.Now()
		for i, seconds := range []int{1, 2, 4, 8, 10, 10} {
			want := time.Duration(seconds) * time.Second
			p.tell("a", boom{})
			synctest.Wait()
			at := time.Now()
			if got := p.app.Tree().Children[0].State; got != "restarting" {
				t.Errorf("it is %s", got)
			}
			p.j.await("init a", i+2)
			if got := time.Since(at); got != want {
				t.Errorf("restart %d after %v, want %v", i, got, want)
			}
			synctest.Wait()
		}
		time.Sleep(11 * time.Second)
		p.tell("a", boom{})
		synctest.Wait()
		at := time.Now()
		p.j.await("init a", 8)
		if got := time.Since(at); got != time.Second {
			t.Errorf("after a quiet time the restart comes after %v", got)
		}
		p.tell("a", boom{})
		synctest.Wait()
		if err := p.app.Stop(t.Context()); err != nil { // with a restart pending
			t.Errorf("stop: %v, %v after the start", err, time.Since(began))
		}
	})
}

func TestBackoffJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := lenient
		spec.Backoff = &otp.Backoff{Initial: time.Hour, Max: time.Hour, Jitter: 0.5}
		p := grow(t, spec, []string{"a"})
		seen := map[time.Duration]bool{}
		for i := range 20 {
			p.tell("a", boom{})
			at := time.Now()
			p.j.await("init a", i+2)
			d := time.Since(at)
			if d < 30*time.Minute || d > time.Hour {
				t.Errorf("a delay of %v", d)
			}
			seen[d] = true
			synctest.Wait()
		}
		if len(seen) < 10 {
			t.Errorf("only %d different delays", len(seen))
		}
	})
}

// keeper is a child of a family that may be put away unless it says no.
type keeper struct {
	j      *journal
	refuse bool
	key    int
}

func (k *keeper) Init(*otp.Context[msg]) error { k.j.add(fmt.Sprint("init ", k.key)); return nil }

func (k *keeper) Handle(_ *otp.Context[msg], m msg) {
	switch m := m.(type) {
	case note:
		k.j.add(m.text)
	case echo:
		m.Reply("kept")
	case block:
		<-m.until
	}
}

func (k *keeper) Terminate(_ *otp.Context[msg], r otp.Reason) {
	if hold := k.j.held(); hold != nil {
		<-hold
	}
	k.j.add(fmt.Sprint("end ", k.key, " ", kindOf(r)))
}

func (k *keeper) Passivate() bool { return !k.refuse }

type manor struct {
	j      *journal
	family *otp.DynamicSupervisor[int, msg]
}

func (h *manor) Init(c *otp.Context[msg]) error {
	h.family = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[int, msg]{
		Name: func(i int) string { return fmt.Sprint("kept/", i) }, PassivateAfter: time.Minute,
		New:    func(i int) otp.Behaviour[msg] { return &keeper{j: h.j, key: i, refuse: i == 2} },
		OnExit: func(i int, r otp.Reason) { h.j.add(fmt.Sprint("exit ", i, " ", kindOf(r))) },
	})
	return nil
}

func (h *manor) Handle(c *otp.Context[msg], m msg) {
	if f, ok := m.(fn); ok {
		f.do(c)
	}
}

func (*manor) Terminate(*otp.Context[msg], otp.Reason) {}

// Idle children are put away, busy ones and those that refuse are not, and what comes at that very moment is not lost.
func TestPassivation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		sys := otp.NewSystem()
		ref := otp.NewRef[msg](sys, "house")
		h := &manor{j: j}
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{
			ID: "house", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return h }),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		tell := func(do func(c *otp.Context[msg])) { _ = ref.Tell(otp.External("test"), fn{do}) }
		release := make(chan struct{})
		tell(func(c *otp.Context[msg]) {
			_ = h.family.Deliver(c, 1, note{"hello 1"})
			_ = h.family.Deliver(c, 2, note{"hello 2"})
			_ = h.family.Deliver(c, 3, block{release})
		})
		time.Sleep(2 * time.Minute)
		if got := j.all(); count(got, "end 1 normal") != 1 || count(got, "exit 1 normal") != 1 || count(got, "end 2 normal") != 0 || count(got, "end 3 normal") != 0 {
			t.Errorf("after two idle minutes: %v", got)
		}
		close(release)
		// Messages at every moment around the one when it is put away: each is handled once and in order.
		j.reset()
		for i := range 500 {
			tell(func(c *otp.Context[msg]) { _ = h.family.Deliver(c, 1, note{fmt.Sprint("m", i)}) })
			time.Sleep(75*time.Second + time.Duration(i)*60*time.Millisecond)
			tell(func(c *otp.Context[msg]) { _ = h.family.Deliver(c, 1, note{fmt.Sprint("n", i)}) })
		}
		synctest.Wait()
		var want []string
		for i := range 500 {
			want = append(want, fmt.Sprint("m", i), fmt.Sprint("n", i))
		}
		got := slices.DeleteFunc(j.all(), func(l string) bool { return l[0] != 'm' && l[0] != 'n' })
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d messages, or in another order", len(got), len(want))
		}
		if n := count(j.all(), "end 1 normal"); n < 10 {
			t.Errorf("it was put away %d times meanwhile", n)
		}
		// While it ends: what comes goes to its successor, which does not begin before the end.
		j.reset()
		hold := make(chan struct{})
		j.holdEnds(hold)
		time.Sleep(2 * time.Minute)
		answer := make(chan error, 1)
		tell(func(c *otp.Context[msg]) {
			_ = h.family.Deliver(c, 1, note{"first"})
			if !h.family.Tell(c, 1, note{"second"}) {
				t.Error("the child is said to be gone")
			}
			_ = h.family.Deliver(c, 1, echo{otp.NewFrom(func(_ string, err error) { answer <- err })})
		})
		synctest.Wait()
		close(hold)
		if err := <-answer; err != nil {
			t.Errorf("a request that came meanwhile: %v", err)
		}
		if got := j.all(); !slices.Equal(got, []string{"end 1 normal", "init 1", "first", "second"}) {
			t.Errorf("got %v", got)
		}
		if err := app.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
