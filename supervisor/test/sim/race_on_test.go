//go:build race

package sim_test

// The race detector makes everything several times slower: the run with it takes a sample, the
// run without it is exhaustive.
const (
	schedulesPlayed = 250
	everyCell       = 24
)
