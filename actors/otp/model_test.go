package otp_test

import (
	"fmt"
	"slices"

	"registrar/actors/otp"
)

// model is OTP's supervisor by its documentation and supervisor.erl: pure, one event at a time.
// The test compares its log with the journal of the real one.
type model struct {
	strategy  otp.Strategy
	intensity int
	period    int // in seconds
	auto      otp.AutoShutdown

	children     []modelChild // in start order
	restarts     []int        // times in seconds
	now          int
	dead         bool
	initFailures map[string]int // number of Inits of a child that fail next
	log          []string
}

type modelChild struct {
	id          string
	restart     otp.Restart
	significant bool
	up          bool
}

func (m *model) index(id string) int {
	return slices.IndexFunc(m.children, func(c modelChild) bool { return c.id == id })
}

// start starts a child and reports whether its Init succeeded.
func (m *model) start(i int) bool {
	c := &m.children[i]
	if m.initFailures[c.id] > 0 {
		m.initFailures[c.id]--
		m.log = append(m.log, "end "+c.id+" crash")
		return false
	}
	m.log = append(m.log, "init "+c.id)
	c.up = true
	return true
}

func (m *model) stop(i int) {
	if m.children[i].up {
		m.log = append(m.log, "end "+m.children[i].id+" shutdown")
		m.children[i].up = false
	}
}

// begin starts the declared children.
func (m *model) begin() {
	for i := range m.children {
		m.start(i)
	}
}

// exited is do_restart/3: a child has ended by itself.
func (m *model) exited(id, reason string) {
	i := m.index(id)
	if i < 0 || !m.children[i].up {
		return
	}
	m.children[i].up = false
	m.log = append(m.log, "end "+id+" "+reason)
	c := m.children[i]
	switch {
	case c.restart == otp.Permanent, c.restart == otp.Transient && reason == "crash":
		m.again(i)
		return
	case c.restart == otp.Temporary:
		m.children = slices.Delete(m.children, i, i+1)
	}
	if !c.significant {
		return
	}
	others := slices.ContainsFunc(m.children, func(x modelChild) bool { return x.significant && x.up })
	if m.auto == otp.AnySignificant || m.auto == otp.AllSignificant && !others {
		m.end()
	}
}

// again is restart/2 with add_restart/1.
func (m *model) again(i int) {
	m.restarts = append(m.restarts, m.now)
	m.restarts = slices.DeleteFunc(m.restarts, func(t int) bool { return m.now-t > m.period })
	if len(m.restarts) > m.intensity {
		m.end()
		return
	}
	from := i
	switch m.strategy {
	case otp.OneForOne:
		if !m.start(i) {
			m.again(i)
		}
		return
	case otp.OneForAll:
		from = 0
	case otp.RestForOne:
	}
	for k := len(m.children) - 1; k >= from; k-- {
		m.stop(k)
	}
	// OTP does not restart temporary children; their specs are removed.
	kept := slices.Clone(m.children[:from])
	for k, c := range m.children[from:] {
		if c.restart != otp.Temporary || k+from == i {
			kept = append(kept, c)
		}
	}
	m.children = kept
	for k := from; k < len(m.children); k++ {
		if !m.start(k) { // try_again_restart/1
			m.again(k)
			return
		}
	}
}

// end is terminate/2: everything is stopped in reverse order.
func (m *model) end() {
	m.dead = true
	for k := range slices.Backward(m.children) {
		m.stop(k)
	}
}

// The calls of supervisor.erl. They return the error text, empty for success.

func (m *model) startChild(c modelChild) string {
	if i := m.index(c.id); i >= 0 {
		if m.children[i].up {
			return "already started"
		}
		return "already present"
	}
	m.children = append(m.children, c)
	if !m.start(len(m.children) - 1) {
		m.children = m.children[:len(m.children)-1]
		return "start fails"
	}
	return ""
}

func (m *model) terminateChild(id string) string {
	i := m.index(id)
	if i < 0 {
		return "no such child"
	}
	m.stop(i)
	if m.children[i].restart == otp.Temporary {
		m.children = slices.Delete(m.children, i, i+1)
	}
	return ""
}

func (m *model) restartChild(id string) string {
	i := m.index(id)
	switch {
	case i < 0:
		return "no such child"
	case m.children[i].up:
		return "the child is running"
	}
	if !m.start(i) {
		return "start fails"
	}
	return ""
}

func (m *model) deleteChild(id string) string {
	i := m.index(id)
	switch {
	case i < 0:
		return "no such child"
	case m.children[i].up:
		return "the child is running"
	}
	m.children = slices.Delete(m.children, i, i+1)
	return ""
}

func (m *model) which() string {
	out := []string{}
	for _, c := range m.children {
		state := "down"
		if c.up {
			state = "up"
		}
		out = append(out, c.id+" "+state)
	}
	return fmt.Sprint(out)
}
