// Package fault makes things go wrong at named places in the code: a panic, the end of a goroutine, a delay, a hang, an error.
//
// A [Set] holds the faults that are armed. A nil Set, and one in which nothing is armed, cost a load and a comparison at each [Point]. Faults are armed by
// tests, by the simulator, and by an operator of a server that was started with --allow-faults; each hits a number of times and is gone.
package fault
