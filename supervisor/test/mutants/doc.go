// Package mutants plants faults into a build of the registrar that tests must catch. The product
// contains none of them.
//
// Each file in testdata is one mutant: a header, a text that a source file contains exactly once,
// and its replacement:
//
//	name: end a registration early
//	breaks: a deadline is fixed once and lasts until then
//	file: actors/registration/actor.go
//	test: supervisor/test/sim
//	-- find --
//	…
//	-- replace --
//	…
//
// In the replacement, MUTANT is the condition under which the mutant is on. The header test names
// the package with the tests that catch the mutant, and a pattern for -run. Without a pattern the
// simulator's TestMutants plays schedules and the crash matrix. The optional header slow says how
// long the tests wait until they fail; such a mutant runs only when REGISTRAR_TEST_FULL is set.
//
// [Overlay] writes all mutants as one overlay for go build -overlay and go test -overlay. One
// build serves all mutants: the environment variable [Variable] selects the one that is on. When
// it is empty, none is.
//
// A mutant applies when its text occurs exactly once. Repair the file of one that does not any more.
package mutants
