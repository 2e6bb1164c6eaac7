package otp_test

import (
	"testing"

	"registrar/actors/otp"
)

// If one of two linked incarnations ends abnormally, the other crashes. A normal end has no
// effect.
func TestLinks(t *testing.T) {
	p := startTree(t, lenient, []string{"a", "b", "c"}, func(_ *testTree, s *otp.SupSpec) { s.Children[2].Restart = otp.Transient })
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
	p.awaitEcho("b") // the order of the two restarts is not defined
	link("a", "b")   // the new incarnations, in the other direction
	p.tell("a", boom{})
	p.j.await("end b crash", 2)
	p.awaitEcho("b")
	link("b", "c") // c has ended
	p.j.await("end b crash", 3)
}
