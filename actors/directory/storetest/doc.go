// Package storetest holds every implementation of [directory.Store] to its contract: the file on disk, and the model that the simulator has instead.
//
//	func TestConformance(t *testing.T) { storetest.Run(t, func(t *testing.T) directory.Store { … }) }
//
// Each test opens a store of its own.
package storetest
