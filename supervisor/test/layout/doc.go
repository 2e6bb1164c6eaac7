// Package layout has the tests of the tree's layout: imports between packages, contents of the
// binary, and that doc comments name things that exist.
package layout
