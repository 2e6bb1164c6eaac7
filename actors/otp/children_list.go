package otp

import (
	"fmt"
)

// Child is one child of a supervisor (OTP: which_children/1).
type Child struct {
	ID      string
	Kind    string // worker or supervisor
	State   string // up, starting, crashed, restarting, stopping, down
	Restart Restart
	Process string
	Epoch   Epoch // zero unless it is up
}

// Counts is the number of children of a supervisor by kind (OTP: count_children/1).
type Counts struct{ Specs, Active, Supervisors, Workers int }

// WhichChildren lists the children of a supervisor in start order, without waiting for any
// process.
func (a *App) WhichChildren(supervisor string) ([]Child, error) {
	s, err := a.supervisor(supervisor)
	if err != nil {
		return nil, err
	}
	var out []Child
	for _, c := range s.snapshot() {
		x := Child{
			ID: c.spec.ID, Kind: "worker", State: c.state.String(), Restart: c.spec.Restart, Process: c.spec.Start.name(s.name, c.spec.ID),
		}
		if c.spec.Start.isSup {
			x.Kind = "supervisor"
		}
		if c.p != nil && c.state == childUp {
			x.Epoch = c.p.currentEpoch()
		}
		out = append(out, x)
	}
	return out, nil
}

// CountChildren counts the children of a supervisor, without waiting for any process.
func (a *App) CountChildren(supervisor string) (Counts, error) {
	list, err := a.WhichChildren(supervisor)
	n := Counts{Specs: len(list)}
	for _, c := range list {
		if c.State != childDown.String() {
			n.Active++
		}
		if c.Kind == "supervisor" {
			n.Supervisors++
		} else {
			n.Workers++
		}
	}
	return n, err
}

// ChildSpecOf returns the declaration of a child (OTP: get_childspec/2).
func (a *App) ChildSpecOf(supervisor, id string) (ChildSpec, error) {
	s, err := a.supervisor(supervisor)
	if err != nil {
		return ChildSpec{}, err
	}
	for _, c := range s.snapshot() {
		if c.spec.ID == id {
			return c.spec, nil
		}
	}
	return ChildSpec{}, fmt.Errorf("%s: %w", id, ErrNoChild)
}

func (a *App) supervisor(name string) (*sup, error) {
	if p := a.root.find(name); p != nil {
		if s, ok := p.body.(*sup); ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrNotASupervisor)
}
