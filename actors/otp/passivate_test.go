package otp_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// passivatable is a dynamic child that may refuse passivation.
type passivatable struct {
	j      *journal
	refuse bool
	key    int
}

func (k *passivatable) Init(*otp.Context[msg]) error { k.j.add(fmt.Sprint("init ", k.key)); return nil }

func (k *passivatable) Handle(_ *otp.Context[msg], m msg) {
	switch m := m.(type) {
	case note:
		k.j.add(m.text)
	case echo:
		m.Reply("kept")
	case block:
		<-m.until
	}
}

func (k *passivatable) Terminate(_ *otp.Context[msg], r otp.Reason) {
	if hold := k.j.held(); hold != nil {
		<-hold
	}
	k.j.add(fmt.Sprint("end ", k.key, " ", kindOf(r)))
}

func (k *passivatable) Passivate() bool { return !k.refuse }

type passivatingOwner struct {
	j       *journal
	dynamic *otp.DynamicSupervisor[int, msg]
}

func (h *passivatingOwner) Init(c *otp.Context[msg]) error {
	h.dynamic = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[int, msg]{
		Name: func(i int) string { return fmt.Sprint("kept/", i) }, PassivateAfter: time.Minute,
		New:    func(i int) otp.Behaviour[msg] { return &passivatable{j: h.j, key: i, refuse: i == 2} },
		OnExit: func(i int, r otp.Reason) { h.j.add(fmt.Sprint("exit ", i, " ", kindOf(r))) },
	})
	return nil
}

func (h *passivatingOwner) Handle(c *otp.Context[msg], m msg) {
	if f, ok := m.(fn); ok {
		f.do(c)
	}
}

func (*passivatingOwner) Terminate(*otp.Context[msg], otp.Reason) {}

// Idle children are passivated; busy ones and those that refuse are not. Messages at that moment
// are not lost.
func TestPassivation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		sys := otp.NewSystem()
		ref := otp.NewRef[msg](sys, "dynamicTree")
		h := &passivatingOwner{j: j}
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{
			ID: "dynamicTree", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return h }),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		tell := func(do func(c *otp.Context[msg])) { _ = ref.Tell(otp.External("test"), fn{do}) }
		release := make(chan struct{})
		tell(func(c *otp.Context[msg]) {
			_ = h.dynamic.Deliver(c, 1, note{"hello 1"})
			_ = h.dynamic.Deliver(c, 2, note{"hello 2"})
			_ = h.dynamic.Deliver(c, 3, block{release})
		})
		time.Sleep(2 * time.Minute)
		if got := j.all(); count(got, "end 1 normal") != 1 || count(got, "exit 1 normal") != 1 || count(got, "end 2 normal") != 0 || count(got, "end 3 normal") != 0 {
			t.Errorf("after two idle minutes: %v", got)
		}
		close(release)
		// Send messages at many moments around the passivation: each is handled once and in order.
		j.reset()
		for i := range 500 {
			tell(func(c *otp.Context[msg]) { _ = h.dynamic.Deliver(c, 1, note{fmt.Sprint("m", i)}) })
			time.Sleep(75*time.Second + time.Duration(i)*60*time.Millisecond)
			tell(func(c *otp.Context[msg]) { _ = h.dynamic.Deliver(c, 1, note{fmt.Sprint("n", i)}) })
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
			t.Errorf("it was passivated %d times", n)
		}
		// During Terminate messages go to the successor, which starts after the end.
		j.reset()
		hold := make(chan struct{})
		j.holdEnds(hold)
		time.Sleep(2 * time.Minute)
		answer := make(chan error, 1)
		tell(func(c *otp.Context[msg]) {
			_ = h.dynamic.Deliver(c, 1, note{"first"})
			if !h.dynamic.Tell(c, 1, note{"second"}) {
				t.Error("Tell found no child")
			}
			_ = h.dynamic.Deliver(c, 1, echo{otp.NewFrom(func(_ string, err error) { answer <- err })})
		})
		synctest.Wait()
		close(hold)
		if err := <-answer; err != nil {
			t.Errorf("a request during the passivation: %v", err)
		}
		if got := j.all(); !slices.Equal(got, []string{"end 1 normal", "init 1", "first", "second"}) {
			t.Errorf("got %v", got)
		}
		if err := app.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
