//go:build race

package sim_test

// The race detector makes everything several times slower: this run looks for races, the run
// without it is exhaustive.
func schedulesPlayed() int { return pick(100, 250) }

func oneCellOf() int { return pick(48, 24) }
