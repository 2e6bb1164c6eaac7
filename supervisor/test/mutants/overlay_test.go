package mutants_test

import (
	"testing"

	"registrar/supervisor/test/mutants"
)

// Every mutant applies to the source as it is. Repair the file in testdata of one that does not.
func TestMutantsApply(t *testing.T) {
	if _, err := mutants.Overlay(t.TempDir()); err != nil {
		t.Fatal(err)
	}
}
