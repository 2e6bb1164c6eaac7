//go:build race

package supervisor_test

// With the race detector everything takes several times as long: then it is about races, and the
// run without it plays every cell.
const everyCell = 8
