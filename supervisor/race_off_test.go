//go:build !race

package supervisor_test

const everyCell = 1
