package persistence_test

import (
	"testing"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/persistence"
)

const writerName = "registrations/writer"

// openToFaults is openStore with faults, which it disarms before it closes the store.
func openToFaults(t *testing.T) (*store, *fault.Set) {
	t.Helper()
	faults := &fault.Set{}
	sys := otp.NewSystem(otp.WithFaults(faults))
	s := &store{t: t, sys: sys, Registrations: persistence.NewRegistrations(sys, persistence.DefaultOptions(t.TempDir()))}
	app, err := otp.Start(t.Context(), sys, "store", s.Children())
	must(t, err)
	s.app = app
	t.Cleanup(s.close)
	t.Cleanup(func() { faults.Disarm(0) })
	return s, faults
}

// until waits for a condition that other processes bring about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("never %s", what)
	}
}

// hang arms a hang of some processes.
func hang(t *testing.T, faults *fault.Set, at fault.Point, process string) {
	t.Helper()
	_, err := faults.Arm(fault.Rule{Point: at, Kind: fault.Hang, Process: process})
	must(t, err)
}

// cutOff waits until a process hangs, abandons the processes, and waits for their successors.
func (s *store) cutOff(t *testing.T, faults *fault.Set, names ...string) {
	t.Helper()
	until(t, "hangs", func() bool { return !faults.Armed() })
	for _, name := range names {
		must(t, s.app.Abandon(name))
	}
	until(t, "up again", func() bool {
		up := 0
		for _, c := range s.app.Tree().Children {
			if c.State == "up" && c.Epoch != 0 { // else its supervisor has not noticed
				up++
			}
		}
		return up == len(s.app.Tree().Children)
	})
}

// When a hanging writer is abandoned, the callers get an error at once and a successor opens the
// file. When the first writer wakes, it writes nothing, closes nothing and replies to nobody
// again.
func TestWriterThatIsCutOff(t *testing.T) {
	for _, at := range []fault.Point{fault.BeforeCommit, fault.AfterCommit} {
		t.Run(string(at), func(t *testing.T) {
			s, faults := openToFaults(t)
			s.fill(1)
			hang(t, faults, at, writerName)
			told := make(chan error, 10)
			s.Write(otp.External("test"), record("0", "sip:old"), 1, func(err error) { told <- err })
			s.cutOff(t, faults, writerName)
			if err := <-told; domain.KindOf(err) != domain.Unavailable {
				t.Errorf("who waits is told %v", err)
			}
			rec, err := s.fence(key("0"), 2)
			must(t, err)
			want := map[fault.Point]string{fault.BeforeCommit: "sip:a", fault.AfterCommit: "sip:old"}[at]
			if len(rec.Bindings) != 1 || rec.Bindings[0].Contact != want {
				t.Errorf("the next one reads %v, want %s", rec.Bindings, want)
			}
			must(t, s.write(record("0", "sip:new"), 2))
			faults.Disarm(0) // it wakes
			for i := range 500 {
				if got, _, err := s.get("0"); err != nil || got.Bindings[0].Contact != "sip:new" {
					t.Fatalf("after %d reads there is %v, %v", i, got.Bindings, err)
				}
			}
			if len(told) != 0 {
				t.Errorf("told a second time: %v", <-told)
			}
			if text := s.Trouble(); text != "" {
				t.Error(text)
			}
		})
	}
}

// A writer that is abandoned while it terminates does not close the file of its successor.
func TestWriterThatIsCutOffAtItsEnd(t *testing.T) {
	s, faults := openToFaults(t)
	s.fill(1)
	hang(t, faults, fault.InStop, writerName)
	must(t, s.app.Kill(writerName))
	s.cutOff(t, faults, writerName)
	must(t, write(s, "sip:1", 2))
	faults.Disarm(0)
	for range 20 {
		must(t, write(s, "sip:2", 3))
	}
}

func write(s *store, contact string, epoch uint64) error {
	if _, err := s.fence(key("0"), epoch); err != nil {
		return err
	}
	return s.write(record("0", contact), epoch)
}

// When a reader is abandoned before it reads, the caller gets one error.
func TestReaderThatIsCutOff(t *testing.T) {
	s, faults := openToFaults(t)
	s.fill(1)
	hang(t, faults, fault.BeforeHandle, "registrations/reader/*")
	told := make(chan error, 10)
	s.Get(otp.External("test"), key("0"), func(_ domain.Record, _ bool, err error) { told <- err })
	s.cutOff(t, faults, "registrations/reader/0", "registrations/reader/1")
	if err := <-told; domain.KindOf(err) != domain.Unavailable {
		t.Errorf("who waits is told %v", err)
	}
	faults.Disarm(0)
	if _, ok, err := s.get("0"); err != nil || !ok {
		t.Errorf("%v, %v", ok, err)
	}
	if len(told) != 0 {
		t.Errorf("told a second time: %v", <-told)
	}
}
