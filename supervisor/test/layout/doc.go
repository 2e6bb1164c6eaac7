// Package layout has the tests of the tree's layout: which packages import which, what is in the
// binary, and that doc comments name things that exist.
package layout
