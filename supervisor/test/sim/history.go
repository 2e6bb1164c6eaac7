package sim

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"registrar/actors/domain"
)

// input is an operation on one user: a report, or a query.
type input struct {
	report *report   // nil is a query
	heard  time.Time // when it was answered
}

// state is what a correct registrar knows of a user that holds one registration.
type state struct {
	event   int64
	contact string    // empty is none
	ends    time.Time // from when on it may be shown no more
}

// shows reports whether a query may be answered so: a registration has to be shown until it may have ended.
func (s state) shows(contact string, at time.Time) bool {
	return contact == s.contact || contact == "" && !at.Before(s.ends)
}

// model is a correct registrar for one user. Of time it knows only that a registration may have ended: that it is not shown for too long is looked at when all
// is calm.
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

// history checks what was asked and answered about users: there has to be an order of all operations, each between its call and its end, that a correct
// registrar explains.
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
	for _, q := range w.queries {
		if q.key != k || q.authn || len(w.answers[q.id]) == 0 {
			continue
		}
		got := ""
		if list := contacts(w.answers[q.id][0]); len(list) > 0 {
			got = list[0]
		}
		ops = append(ops, porcupine.Operation{ClientId: len(ops), Input: input{heard: w.heardAt[q.id].at}, Output: got, Call: int64(q.called), Return: int64(w.heardAt[q.id].step)})
	}
	return ops
}
