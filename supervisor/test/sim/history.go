package sim

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"registrar/actors/domain"
)

// input is an operation on one user: a report, or a query.
type input struct {
	report *report   // nil for a query
	heard  time.Time // time of the reply
}

// state is the registration of one user in the model.
type state struct {
	event   int64
	contact string    // empty for none
	ends    time.Time // from then on the registration may be missing
}

// shows reports whether a query may be answered this way: a registration is shown until it may
// have ended.
func (s state) shows(contact string, at time.Time) bool {
	return contact == s.contact || contact == "" && !at.Before(s.ends)
}

// model is a correct registrar for one user. It knows only when a registration may have ended;
// quiesce checks that it is not shown too long.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(s, in, out any) (bool, any) {
			was, _ := s.(state)
			op, _ := in.(input)
			r := op.report
			switch {
			case r == nil:
				shown, _ := out.(string)
				return was.shows(shown, op.heard), was
			case r.ends && (r.flush || was.contact == r.contact) && r.event >= was.event:
				return true, state{event: r.event}
			case r.ends || r.event <= was.event:
				return true, was
			}
			return true, state{event: r.event, contact: r.contact, ends: r.deadline().Add(-slack)}
		},
	}
}

// history checks the operations on each user with porcupine: there must be an order, each
// operation between its call and its end, in which the model gives the same replies.
func (w *World) history(all []*phone) {
	for _, p := range all {
		if ops := w.operations(p.key); !porcupine.CheckOperations(model(), ops) {
			w.fail("no order explains the answers about %v: %d operations", p.key, len(ops))
		}
	}
}

func (w *World) operations(k domain.Key) (ops []porcupine.Operation) {
	for _, r := range w.reports {
		if r.key != k || r.sent == 0 {
			continue
		}
		end := int64(math.MaxInt64)
		if r.acked {
			end = int64(r.settled)
		}
		ops = append(ops, porcupine.Operation{ClientId: len(ops), Input: input{report: r}, Call: int64(r.called), Return: end})
	}
	for _, q := range w.requests {
		if q.key != k || q.authn || len(w.replies[q.id]) == 0 {
			continue
		}
		got := ""
		if list := contacts(w.replies[q.id][0]); len(list) > 0 {
			got = list[0]
		}
		ops = append(ops, porcupine.Operation{ClientId: len(ops), Input: input{heard: w.firstReply[q.id].at}, Output: got, Call: int64(q.called), Return: int64(w.firstReply[q.id].step)})
	}
	return ops
}
