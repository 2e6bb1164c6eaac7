package persistence_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/persistence"
)

// A journal keeps the last entries, numbered over restarts. OpenJournal moves a damaged journal
// aside and creates a new one; ReadJournal does not.
func TestJournal(t *testing.T) {
	o := persistence.Options{Dir: t.TempDir()}
	add := func(n int) {
		t.Helper()
		j, err := persistence.OpenJournal(o, 3)
		must(t, err)
		for range n {
			must(t, j.Append(func(n uint64) []byte { return []byte(strconv.FormatUint(n, 10)) }))
		}
		must(t, j.Close())
	}
	wants := func(want ...string) {
		t.Helper()
		entries, err := persistence.ReadJournal(o)
		must(t, err)
		var got []string
		for _, e := range entries {
			got = append(got, string(e))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	wants()
	add(2)
	wants("1", "2")
	add(3)
	wants("3", "4", "5")
	other, err := persistence.OpenJournal(o, 3)
	must(t, err)
	if _, err := persistence.OpenJournal(o, 3); err == nil || err.Error() != "crashes.db: is in use by another process" {
		t.Errorf("in use: %v", err)
	}
	must(t, other.Close())
	wants("3", "4", "5")
	path := filepath.Join(o.Dir, "crashes.db")
	must(t, os.WriteFile(path, make([]byte, 8192), 0o600))
	if entries, err := persistence.ReadJournal(o); err == nil || !strings.HasPrefix(err.Error(), "crashes.db: cannot be read") {
		t.Errorf("read of a damaged one: %q, %v", entries, err)
	}
	if exists(path + ".damaged") {
		t.Error("reading has moved it aside")
	}
	add(1)
	wants("1")
	if _, err := os.Stat(path + ".damaged"); err != nil {
		t.Error(err)
	}
}
