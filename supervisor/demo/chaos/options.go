package chaos

import (
	"io"
	"time"
)

// Options say what is broken, how often, and what goes on meanwhile.
type Options struct {
	// Program is how registrar is called, with what comes before its own arguments; Env is added to its environment, NAME=VALUE.
	Program, Env []string
	// Phones in Realms take Rate steps a second; see [fleet.Fleet].
	Phones, Realms int
	Rate           float64
	// Kills is how many users' and realms' actors are killed a second, each in its turn and none twice within 1.5 s; zero for none. Those that are not there
	// just now are spared.
	Kills float64
	// Now and then something that many stand on is killed: every Often, zero for never.
	Often time.Duration
	// Great are the faults that stop everything, one after the other in an order that Seed decides, with a Rest between two. Rounds is how often each
	// comes, For how long new ones begin; zero is no bound.
	Great  []Fault
	Rest   time.Duration
	Rounds int
	For    time.Duration
	Seed   uint64
	// Shown is how long it may take in the end from one user whose last report is shown to the next; those who are left then are lost.
	Shown time.Duration
	// Out is told of each harm, a line.
	Out io.Writer
}

// Defaults are the options of the demo and the test, but for the program.
func Defaults() Options {
	return Options{
		Phones: 600, Realms: 10, Rate: 150, Kills: 100, Often: 10 * time.Second, Great: Great(), Rest: 4 * time.Second, Rounds: 2, Seed: 1,
		Shown: 20 * time.Second, Out: io.Discard,
	}
}
