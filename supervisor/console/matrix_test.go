package console_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/supervisor/console"
	"registrar/supervisor/test/sim"
)

// With each fault at each point, the process of an HTTP server serves again.
func TestCrashMatrixOfServers(t *testing.T) {
	for _, a := range sim.NotSimulated() {
		if a.Name != "server" {
			continue
		}
		for _, c := range a.Cells() {
			t.Run(strings.ReplaceAll(c.String(), "/", " "), func(t *testing.T) {
				t.Parallel()
				newServed(t).play(c)
			})
		}
	}
}

// served is a supervised server and its current listener.
type served struct {
	*testing.T
	faults fault.Set
	app    *otp.App
	mu     sync.Mutex
	l      net.Listener
}

func newServed(t *testing.T) *served {
	t.Helper()
	s := &served{T: t}
	sys := otp.NewSystem(otp.WithFaults(&s.faults))
	ref := otp.NewRef[console.ServerMessage](sys, "observe/admin")
	app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Intensity: 10, Children: []otp.ChildSpec{{ID: "admin", Start: otp.Worker(ref,
		func() otp.Behaviour[console.ServerMessage] {
			return console.NewServer(s.listen, http.NotFoundHandler())
		})}}})
	if err != nil {
		t.Fatal(err)
	}
	s.app = app
	t.Cleanup(func() {
		s.faults.Disarm(0)
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *served) listen() (net.Listener, error) {
	l, err := console.TCP("127.0.0.1:0")()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.l = l
	return l, err
}

func (s *served) listener() net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.l
}

func (s *served) play(c sim.Cell) {
	id, err := s.faults.Arm(fault.Rule{Point: c.Point, Kind: c.Kind, Process: c.Process, Message: c.Message})
	if err != nil {
		s.Fatal(err)
	}
	was := s.listener()
	if c.Message != "" {
		_ = was.Close() // the server stops serving
	} else if err := s.app.Kill(c.Process); err != nil {
		s.Fatal(err)
	}
	s.until("hit", func() bool { return s.faults.Rules()[0].Hits > 0 })
	if c.Kind == fault.Hang {
		if c.Ending == sim.Abandoned {
			if err := s.app.Abandon(c.Process); err != nil {
				s.Error(err)
			}
			s.until("served by the next incarnation", func() bool { return s.serves(was) })
		}
		s.faults.Disarm(id)
	}
	s.until("served", func() bool { return s.serves(was) })
}

// serves reports whether a later incarnation responds.
func (s *served) serves(was net.Listener) bool {
	now := s.listener()
	if now == was {
		return false
	}
	resp, err := http.Get("http://" + now.Addr().String())
	return err == nil && resp.Body.Close() == nil
}

func (s *served) until(state string, ok func() bool) {
	s.Helper()
	if !otptest.Eventually(ok) {
		s.Fatalf("not %s in time:\n%v", state, s.app.Tree())
	}
}
