//go:build !race

package sim_test

// The plain run plays a sample. The full run, see [full], plays everything.
func schedulesPlayed() int { return pick(1_000, 10_000) }

func oneCellOf() int { return pick(8, 1) }
