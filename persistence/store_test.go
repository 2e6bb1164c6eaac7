package persistence_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/persistence"
)

func TestRecordSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	want := record("100", "sip:100@a")
	s := openStore(t, persistence.Options{Dir: dir})
	if _, err := s.fence(want.Key, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.write(want, 1); err != nil {
		t.Fatal(err)
	}
	s.close()
	s = openStore(t, persistence.Options{Dir: dir})
	got, err := s.fence(want.Key, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if h := s.prime(0, 1, 3); len(h) != 1 || !cmp.Equal(h[0], want.Header()) {
		t.Errorf("header %+v, want %+v", h, want.Header())
	}
}

// The scan at opening primes each shard once. A shard that primes later sees later writes, and
// ends the right of older incarnations to write.
func TestPriming(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, persistence.Options{Dir: dir})
	const users, shards = 300, 8
	s.fill(users)
	s.close()
	s = openStore(t, persistence.Options{Dir: dir})
	seen := map[domain.Key]bool{}
	for shard := range shards {
		for _, h := range s.prime(shard, shards, 2) {
			if domain.ShardOf(h.Key, shards) != shard || seen[h.Key] {
				t.Errorf("%v in shard %d", h.Key, shard)
			}
			seen[h.Key] = true
		}
	}
	if len(seen) != users {
		t.Fatalf("%d of %d users primed", len(seen), users)
	}
	rec := record("new", "sip:b")
	_, _ = s.fence(rec.Key, 3)
	if err := s.write(rec, 3); err != nil {
		t.Fatal(err)
	}
	shard := domain.ShardOf(rec.Key, shards)
	found := false
	for _, h := range s.prime(shard, shards, 4) {
		found = found || h.Key == rec.Key
	}
	if !found {
		t.Error("a later priming does not see a later user")
	}
	if err := s.write(rec, 3); domain.KindOf(err) != domain.Conflict {
		t.Errorf("a write of an incarnation older than the priming: %v", err)
	}
}

func TestPages(t *testing.T) {
	s := openStore(t, persistence.Options{Dir: t.TempDir()})
	for _, realm := range []domain.Realm{"a.test", "b.test"} {
		for i := range 5 {
			rec := record(strconv.Itoa(i), "sip:a")
			rec.Key.Realm = realm
			_, _ = s.fence(rec.Key, 1)
			_ = s.write(rec, 1)
		}
	}
	page := func(realm domain.Realm, after domain.Key, limit int) (keys []string) {
		got := make(chan []domain.Record, 1)
		s.Page(otp.External("test"), realm, after, limit, func(r []domain.Record, err error) {
			if err != nil {
				t.Error(err)
			}
			got <- r
		})
		for _, r := range <-got {
			keys = append(keys, r.Key.String())
		}
		return keys
	}
	if diff := cmp.Diff([]string{"0@b.test", "1@b.test"}, page("b.test", domain.Key{}, 2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"4@a.test", "0@b.test"}, page("", domain.Key{Realm: "a.test", User: "3"}, 2)); diff != "" {
		t.Error(diff)
	}
	if got := page("c.test", domain.Key{}, 2); got != nil {
		t.Errorf("an unknown realm has %v", got)
	}
}

// A damaged, foreign or newer file is refused with the reason and the remedy, and stays
// unchanged.
func TestRefusals(t *testing.T) {
	made := t.TempDir()
	s := openStore(t, persistence.WithoutSync(persistence.Options{Dir: made}))
	for range 3 { // so that the file has free pages
		s.fill(200)
	}
	s.close()
	whole, err := os.ReadFile(filepath.Join(made, "registrations.db"))
	must(t, err)
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"empty":     {func(t *testing.T, p string) { must(t, os.Truncate(p, 0)) }, "is empty: restore a backup"},
		"truncated": {func(t *testing.T, p string) { must(t, os.Truncate(p, 20_000)) }, "restore a backup"},
		"no store":  {func(t *testing.T, p string) { must(t, os.WriteFile(p, []byte(strings.Repeat("x", 70_000)), 0o600)) }, "restore a backup"},
		"a flipped bit in a value": {func(t *testing.T, p string) {
			b, err := os.ReadFile(p)
			must(t, err)
			i := strings.LastIndex(string(b), `{"Contact":"sip:a"}`)
			for ; i >= 0; i = strings.LastIndex(string(b[:i]), `{"Contact":"sip:a"}`) { // in every copy, old pages too
				b[i+3] ^= 1
			}
			must(t, os.WriteFile(p, b, 0o600))
		}, "does not match its checksum"},
		"pages in a circle": {func(t *testing.T, p string) {
			db, err := bolt.Open(p, 0o600, &bolt.Options{ReadOnly: true})
			must(t, err)
			var root int64
			must(t, db.View(func(tx *bolt.Tx) error {
				root = int64(tx.Bucket([]byte("data")).Root())
				return nil
			}))
			must(t, db.Close())
			f, err := os.OpenFile(p, os.O_RDWR, 0)
			must(t, err)
			_, err = f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(root)), root*4096+16+8) // the child page of its first element
			must(t, errors.Join(err, f.Close()))
		}, "is its own ancestor"},
		"the other file": {func(t *testing.T, p string) {
			c, err := persistence.OpenCredentials(persistence.Options{Dir: filepath.Dir(p)})
			must(t, err)
			must(t, c.Close())
			must(t, os.Rename(filepath.Join(filepath.Dir(p), "credentials.db"), p))
		}, "is not a store of registrations"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "registrations.db")
			must(t, os.WriteFile(path, whole, 0o600))
			tc.spoil(t, path)
			before, err := os.ReadFile(path)
			must(t, err)
			_, err = persistence.OpenRegistrations(persistence.Options{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "registrations.db: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
			if domain.KindOf(err) != domain.Unavailable {
				t.Errorf("kind %v", domain.KindOf(err))
			}
			after, err := os.ReadFile(path)
			must(t, err)
			if string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLockNamesItsHolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l, err := persistence.LockDir(dir)
	must(t, err)
	if _, err := persistence.LockDir(dir); domain.KindOf(err) != domain.Unavailable || !strings.Contains(err.Error(), fmt.Sprintf("in use by process %d", os.Getpid())) {
		t.Errorf("got %v", err)
	}
	must(t, l.Release())
	next, err := persistence.LockDir(dir)
	must(t, err)
	if next.Boot() != l.Boot()+1 {
		t.Errorf("boot %d after %d", next.Boot(), l.Boot())
	}
	must(t, next.Release())
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	openStore(t, persistence.Options{Dir: dir}).close()
	path := filepath.Join(dir, "registrations.db")
	must(t, os.Chmod(path, 0o644))
	openStore(t, persistence.Options{Dir: dir}).close()
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestCredentialsAllOrNone(t *testing.T) {
	dir := t.TempDir()
	c, err := persistence.OpenCredentials(persistence.Options{Dir: dir})
	must(t, err)
	cred := domain.Credential{
		Key: key("100"), Method: domain.A1Hash, Secret: domain.NewSecret("0123456789abcdef0123456789abcdef"), Disabled: true,
		AccountID: "a", AuthorizingID: "b", OwnerID: "c", CCV: []byte(`{"x":1}`),
	}
	changed, err := c.Apply([]persistence.CredentialChange{{Credential: cred}, {Delete: true, Credential: domain.Credential{Key: key("not there")}}})
	must(t, err)
	if diff := cmp.Diff([]domain.Key{cred.Key}, changed); diff != "" {
		t.Error(diff)
	}
	must(t, c.Close())
	c, err = persistence.OpenCredentials(persistence.Options{Dir: dir})
	must(t, err)
	got, err := c.Page("", domain.Key{}, 10)
	must(t, err)
	if diff := cmp.Diff([]domain.Credential{cred}, got); diff != "" {
		t.Error(diff)
	}
	tooLong := cred
	tooLong.Key.User = domain.User(strings.Repeat("x", 40_000)) // bbolt refuses such a key
	if _, err := c.Apply([]persistence.CredentialChange{{Delete: true, Credential: cred}, {Credential: tooLong}}); err == nil {
		t.Error("a change that cannot be made was made")
	}
	if got, _ := c.Page("", domain.Key{}, 10); len(got) != 1 {
		t.Error("half of a change was made")
	}
	must(t, c.Close())
}
