package supervisor_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar/actors/fault"
	"registrar/actors/otp/otptest"
	"registrar/supervisor"
	"registrar/supervisor/test/sim"
)

// The crash matrix of the whole registrar on real files: each fault at each fault point of each
// process.
func TestCrashMatrixOnFiles(t *testing.T) {
	var cells []sim.Cell
	for _, a := range sim.NotSimulated() {
		if a.Name != "server" { // see the package of the console
			cells = append(cells, a.Cells()...)
		}
	}
	step := everyCell
	if !full() {
		step *= 7
	}
	var all sync.WaitGroup
	for first := range matrixConcurrency {
		all.Go(func() {
			for i := first * step; i < len(cells); i += matrixConcurrency * step {
				t.Run(strings.ReplaceAll(cells[i].String(), "/", " "), func(t *testing.T) {
					m := &filesMatrix{memoryBed: newMemoryBed(t, withFaults), cell: cells[i]}
					m.play()
				})
			}
		})
	}
	all.Wait()
}

// matrixConcurrency is the number of cells that run concurrently; they mostly wait.
const matrixConcurrency = 8

func withFaults(c *supervisor.Config) {
	c.Faults, c.PassivateAfter = &fault.Set{}, 20*time.Millisecond
}

// filesMatrix plays one cell.
type filesMatrix struct {
	*memoryBed
	cell sim.Cell
	id   uint64
}

func (m *filesMatrix) play() {
	m.provision("acme.test", "100", nil)
	healed := make(chan struct{})
	id, err := m.server.Arm(fault.Rule{Point: m.cell.Point, Kind: m.cell.Kind, Process: m.cell.Process, Message: m.cell.Message})
	if err != nil {
		m.Fatal(err)
	}
	m.id = id
	server := m.server
	m.Cleanup(func() { <-healed })
	m.Cleanup(func() { server.Disarm(0) })
	go func() { defer close(healed); m.heal(server) }()
	m.scenario()
	m.until("hit", func() bool { return m.hits() > 0 }) // a fault after the handler hits after the reply
	<-healed
	m.until("ready", func() bool { ok, _ := m.server.Ready(); return ok })
	m.check("sip:100@192.0.2.3")
	m.stop()
	m.start()
	m.check("sip:100@192.0.2.3")
}

// check asks when all is quiet.
func (m *filesMatrix) check(contact string) {
	m.Helper()
	if got := m.contact("acme.test", "100"); got != contact {
		m.Errorf("the phone is at %q, want %q", got, contact)
	}
	if a := m.ask("registrar authn.endpoint.req.acme%2Etest", authnOf("100")); a["Auth-Password"] != "second" {
		m.Errorf("authn is answered with %v", a)
	}
}

func authnOf(user string) fields {
	return fields{
		"Event-Name": "authn_req", "Auth-Realm": "acme.test", "Auth-User": user, "From": "sip:" + user + "@acme.test", "To": "sip:" + user + "@acme.test",
		"Method": "REGISTER",
	}
}

func (m *filesMatrix) hits() int {
	rules, err := m.server.Faults()
	if err != nil {
		m.Fatal(err)
	}
	for _, r := range rules {
		if r.ID == m.id {
			return r.Hits
		}
	}
	return 1 // it was disarmed because it has hit
}

// heal ends a hang some time after its start; an abandoned process may hold it. A disarmed rule
// counts as hit.
func (m *filesMatrix) heal(server *supervisor.Server) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for m.hits() == 0 {
		<-tick.C
	}
	if m.cell.Kind != fault.Hang {
		return
	}
	<-time.After(20 * time.Millisecond)
	if m.cell.Ending == sim.Abandoned {
		if err := server.Abandon(m.process(server)); err != nil {
			m.Errorf("abandon: %v", err)
		}
		m.readyBeside(server)
	}
	if _, err := server.Disarm(m.id); err != nil {
		m.Error(err)
	}
}

// readyBeside waits until the server is ready although the abandoned process still hangs.
func (m *filesMatrix) readyBeside(server *supervisor.Server) {
	if !otptest.Eventually(func() bool { ok, _ := server.Ready(); return ok }) {
		_, reasons := server.Ready()
		m.Errorf("it is not ready while what was abandoned hangs: %v\n%v", reasons, server.Tree())
	}
}

// process returns the process that was hit: of a pattern, the one that handles a message or does
// not run.
func (m *filesMatrix) process(server *supervisor.Server) string {
	if !strings.Contains(m.cell.Process, "*") {
		return m.cell.Process
	}
	for _, n := range flat(server.Tree()) {
		if ok, _ := filepath.Match(m.cell.Process, n.Name); ok && (n.Handling != "" || n.State != "up" || m.cell.Message == "") { // the first is the one that was killed
			return n.Name
		}
	}
	m.Errorf("nobody of %s hangs", m.cell.Process)
	return ""
}
