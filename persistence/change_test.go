package persistence_test

import (
	"strconv"
	"testing"

	"registrar/actors/domain"
	"registrar/persistence"
)

// Change commits several chunks, deletes empty records and counts the replaced ones.
func TestChange(t *testing.T) {
	o := persistence.WithoutSync(persistence.DefaultOptions(t.TempDir()))
	s := openStore(t, o)
	const users = 2500
	for i := range users {
		rec := record(strconv.Itoa(i), "sip:a@192.0.2.1")
		if _, err := s.fence(rec.Key, 1); err != nil {
			t.Fatal(err)
		}
		if err := s.write(rec, 1); err != nil {
			t.Fatal(err)
		}
	}
	s.close()
	f, err := persistence.OpenRegistrations(o)
	if err != nil {
		t.Fatal(err)
	}
	realm := record("0", "").Key.Realm
	removeAll := func(rec domain.Record) (domain.Record, bool) {
		if rec.Empty() || rec.Key.User == "7" {
			return rec, false
		}
		return domain.Record{Key: rec.Key}, true
	}
	for _, step := range []struct {
		realm domain.Realm
		user  domain.User
		want  int
	}{{realm, "1", 1}, {realm, "1", 0}, {realm, "7", 0}, {"other.test", "", 0}, {realm, "", users - 2}, {realm, "", 0}} {
		if n, err := f.Change(step.realm, step.user, removeAll); n != step.want || err != nil {
			t.Errorf("Change(%q, %q) = %d, %v; want %d", step.realm, step.user, n, err, step.want)
		}
	}
	if left, err := f.Page("", domain.Key{}, 10); len(left) != 1 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
