package sim

import (
	"fmt"
	"slices"

	"registrar/actors/fault"
)

// Ending is how a hang ends.
type Ending uint8

// A hang ends by itself (Released), or its process is abandoned and the hang ends after the next
// incarnation has started (Abandoned).
const (
	Released Ending = iota
	Abandoned
)

// Cell is one fault in one place of the scenario.
type Cell struct {
	Actor   string
	Process string
	Message string // empty for the points of a process's life
	Point   fault.Point
	Kind    fault.Kind
	Ending  Ending
	Sync    bool
}

// String names the cell as the flag -cell does.
func (c Cell) String() string {
	s := fmt.Sprintf("%s/%s/%s/%s", c.Actor, c.Message, c.Point, c.Kind)
	if c.Ending == Abandoned {
		s += ",killed"
	}
	return s
}

// Cells lists the faults of an actor: each message at each point, and each point of its life and
// of its own code.
func (a Actor) Cells() (cells []Cell) {
	add := func(c Cell, kinds []fault.Kind) {
		for _, k := range kinds {
			c.Kind, c.Ending = k, Released
			cells = append(cells, c)
			if k == fault.Hang {
				c.Ending = Abandoned
				cells = append(cells, c)
			}
		}
	}
	for _, m := range a.Messages {
		c := Cell{Actor: a.Name, Process: a.Process, Message: m.Name, Sync: m.Sync}
		if m.Process != "" {
			c.Process = m.Process
		}
		c.Point = fault.BeforeHandle
		add(c, fault.Kinds(c.Point))
		if c.Point = fault.AfterHandle; !m.Ends {
			add(c, fault.Kinds(c.Point))
		}
		c.Point = fault.InTransit
		switch m.Way {
		case Asked:
			add(c, fault.Kinds(fault.InTransit))
		case Told:
			add(c, []fault.Kind{fault.Delay})
		case Own:
		}
	}
	for _, at := range slices.Concat([]fault.Point{fault.BeforeInit, fault.AfterInit, fault.InStop}, a.Points) {
		add(Cell{Actor: a.Name, Process: a.Process, Point: at}, fault.Kinds(at))
	}
	return cells
}

// ModelCells lists the faults of the model of the store's writer.
func ModelCells() (cells []Cell) {
	for _, at := range []fault.Point{fault.BeforeCommit, fault.AfterCommit} {
		for _, k := range fault.Kinds(at) {
			cells = append(cells, Cell{Actor: "store", Process: writer, Point: at, Kind: k})
		}
	}
	return cells
}
