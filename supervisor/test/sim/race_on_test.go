//go:build race

package sim_test

// With the race detector everything takes several times as long: then it is about races, and the run without it is the one that is exhaustive.
const (
	schedulesPlayed = 250
	everyCell       = 24
)
