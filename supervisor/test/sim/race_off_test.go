//go:build !race

package sim_test

const (
	schedulesPlayed = 10_000
	everyCell       = 1
)
