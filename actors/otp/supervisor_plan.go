package otp

// plan is a sequence of steps: stop children in this order, then start children in that order, one
// after the other.
type plan struct {
	stop, start []*child
	done        func()
}

// runPlan makes pl the current plan and runs its first step. It drops the previous plan: the
// states of the children say what is left to do.
func (s *sup) runPlan(pl *plan) {
	s.plan = pl
	s.step()
}

// step runs the plan up to the next start or stop, which ends with an event.
func (s *sup) step() {
	for pl := s.plan; pl != nil && pl == s.plan; {
		switch {
		case len(pl.stop) > 0:
			c := pl.stop[0]
			if c.p != nil {
				s.stopChild(c)
				return
			}
			pl.stop = pl.stop[1:]
		case len(pl.start) > 0:
			c := pl.start[0]
			if c.state == childUp {
				pl.start = pl.start[1:]
				continue
			}
			s.startChild(c)
			return
		default:
			s.plan = nil
			pl.done()
		}
	}
	for s.plan == nil && len(s.deferred) > 0 {
		decide := s.deferred[0]
		s.deferred = s.deferred[1:]
		decide()
	}
}

// afterPlan runs do now, or after the current plan.
func (s *sup) afterPlan(do func()) {
	if s.plan == nil {
		do()
		return
	}
	s.deferred = append(s.deferred, do)
}
