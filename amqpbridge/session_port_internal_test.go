package amqpbridge

import (
	"testing"

	"registrar/amqpbridge/link"
)

// testSession is a session that is only compared.
type testSession struct {
	link.Session
	name string
}

// A port takes over new sessions. It refuses the current one and those of an abandoned incarnation
// of the connection, and no other session is current.
func TestSessionPort(t *testing.T) {
	first, second := &testSession{name: "first"}, &testSession{name: "second"}
	var p sessionPort
	for _, step := range []struct {
		name     string
		m        sessionChanged
		accepted bool
		current  *testSession
	}{
		{"first session", sessionChanged{session: first, by: 1}, true, first},
		{"the same session again", sessionChanged{session: first, by: 1}, false, first},
		{"session of the next incarnation", sessionChanged{session: second, by: 2}, true, second},
		{"session of an abandoned incarnation", sessionChanged{session: first, by: 1}, false, second},
		{"end of the session", sessionChanged{by: 2}, true, nil},
	} {
		if accepted := p.accept(step.m); accepted != step.accepted {
			t.Errorf("%s: accepted %v, want %v", step.name, accepted, step.accepted)
		}
		for _, s := range []*testSession{first, second} {
			if current := p.current(s); current != (s == step.current) {
				t.Errorf("%s: current(%s) is %v", step.name, s.name, current)
			}
		}
	}
	if p.current(nil) {
		t.Error("no session counts as current")
	}
}
