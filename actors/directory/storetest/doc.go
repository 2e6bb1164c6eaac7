// Package storetest is the conformance suite of [directory.Store]. The file on disk and the
// simulator's model run it.
//
//	func TestConformance(t *testing.T) { storetest.Run(t, func(t *testing.T) directory.Store { … }) }
//
// Each test opens a store of its own.
package storetest
