package persistence_test

import (
	"testing"

	"registrar/actors/directory"
	"registrar/actors/directory/storetest"
	"registrar/persistence"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) directory.Store { return openStore(t, persistence.Options{Dir: t.TempDir()}) })
}
