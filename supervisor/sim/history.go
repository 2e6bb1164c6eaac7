package sim

import (
	"math"

	"github.com/anishathalye/porcupine"

	"registrar/actors/domain"
)

// input is an operation on one user: a report, or a query.
type input struct {
	report *report // nil is a query
}

// state is what a correct registrar knows of a user that holds one registration.
type state struct {
	event   int64
	contact string // empty is none
}

// model is a correct registrar for one user, without time.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(s, in, out any) (bool, any) {
			was, _ := s.(state)
			op, _ := in.(input)
			r := op.report
			switch {
			case r == nil:
				return out == was.contact, was
			case r.ends && (r.flush || was.contact == r.contact) && r.event >= was.event:
				return true, state{event: r.event}
			case r.ends || r.event <= was.event:
				return true, was
			}
			return true, state{event: r.event, contact: r.contact}
		},
	}
}

// history checks what was asked and answered about users whose registrations do not end by themselves: there has to be an order of all operations, each
// between its call and its end, that a correct registrar explains.
func (w *World) history(all []*phone) {
	for _, p := range all {
		if p.expires < 3600e9 || p.node != "right" {
			continue
		}
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
		ops = append(ops, porcupine.Operation{ClientId: len(ops), Input: input{r}, Call: int64(r.called), Return: end})
	}
	for _, q := range w.queries {
		if q.key != k || q.authn || len(w.answers[q.id]) == 0 {
			continue
		}
		got := ""
		if list := contacts(w.answers[q.id][0]); len(list) > 0 {
			got = list[0]
		}
		ops = append(ops, porcupine.Operation{ClientId: len(ops), Input: input{}, Output: got, Call: int64(q.called), Return: int64(w.heardAt[q.id])})
	}
	return ops
}
