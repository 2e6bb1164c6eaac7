package chaos

import (
	"io"
	"time"
)

// Options say which faults happen, how often, and under which load.
type Options struct {
	// Program is the command line of registrar before its own arguments. Env is added to its
	// environment, as NAME=VALUE.
	Program, Env []string
	// Phones in Realms take Rate steps a second; see [fleet.Fleet].
	Phones, Realms int
	Rate           float64
	// Kills is the number of actors of users and realms killed per second, in turn and none twice
	// within 1.5 s; zero for none. Actors that are not alive are left out.
	Kills float64
	// KillEvery is the interval between two kills of shared processes; zero for none.
	KillEvery time.Duration
	// Global are the faults that stop everything, one after the other with a Pause in between, in
	// an order that Seed decides. Rounds is how often each happens, Duration how long new ones
	// begin; zero for no bound.
	Global   []Fault
	Pause    time.Duration
	Rounds   int
	Duration time.Duration
	Seed     uint64
	// ShownWithin is the longest wait, at the end, from one user whose last report is shown to
	// the next; users left then are lost.
	ShownWithin time.Duration
	// Out receives a line for each fault.
	Out io.Writer
}

// Defaults returns the options of the demo and the test, without the program.
func Defaults() Options {
	return Options{
		Phones: 600, Realms: 10, Rate: 150, Kills: 100, KillEvery: 10 * time.Second, Global: GlobalFaults(), Pause: 4 * time.Second, Rounds: 2, Seed: 1,
		ShownWithin: 20 * time.Second, Out: io.Discard,
	}
}
