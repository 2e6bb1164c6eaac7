package persistence_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/persistence"
)

// fill writes n users, fenced with epoch 1, in a few commits.
func (s *store) fill(n int) {
	s.t.Helper()
	from, told := otp.External("test"), make(chan error, 2*n)
	for i := range n {
		rec := record(strconv.Itoa(i), "sip:a")
		s.Fence(from, rec.Key, 1, func(_ domain.Record, err error) { told <- err })
		s.Write(from, rec, 1, func(err error) { told <- err })
	}
	for range 2 * n {
		if err := <-told; err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *store) get(user string) (domain.Record, bool, error) {
	type answer struct {
		rec domain.Record
		ok  bool
		err error
	}
	got := make(chan answer, 1)
	s.Get(otp.External("test"), key(user), func(rec domain.Record, ok bool, err error) { got <- answer{rec, ok, err} })
	a := <-got
	return a.rec, a.ok, a.err
}

// In a file of maximum size a write that does not fit is refused with the remedy, other
// operations succeed, and a deletion frees space.
func TestFileThatMayNotGrow(t *testing.T) {
	s := openStore(t, persistence.WithoutSync(persistence.Options{Dir: t.TempDir(), MaxSize: 1 << 20}))
	big := func(i int) domain.Record { return record(strconv.Itoa(i), strings.Repeat("x", 20_000)) }
	n := 0
	var err error
	for ; err == nil && n < 200; n++ {
		_, _ = s.fence(big(n).Key, 1)
		err = s.write(big(n), 1)
	}
	if err == nil || domain.KindOf(err) != domain.Full {
		t.Fatalf("%d users: %v", n, err)
	}
	if text := s.Trouble(); !strings.Contains(text, "registrations.db: the file has reached its maximum size (1 MiB): raise --max-store, or compact it") {
		t.Errorf("trouble: %q", text)
	}
	if _, found, err := s.get("0"); !found || err != nil {
		t.Errorf("read: %v, %v", found, err)
	}
	for i := range n - 1 {
		if err := s.write(domain.Record{Key: big(i).Key}, 1); err != nil {
			t.Fatalf("deletion %d: %v", i, err)
		}
	}
	if err := s.write(big(n-1), 1); err != nil || s.Trouble() != "" {
		t.Errorf("with room: %v, trouble %q", err, s.Trouble())
	}
}

// A write that does not fit does not fail the others of its commit. A fence that would have
// returned its record fails with it.
func TestWhatFitsIsWritten(t *testing.T) {
	s := openStore(t, persistence.Options{Dir: t.TempDir(), MaxSize: 1 << 20})
	s.fill(2)
	big := record("big", strings.Repeat("x", 2<<20))
	if _, err := s.fence(big.Key, 1); err != nil {
		t.Fatal(err)
	}
	must(t, s.app.Suspend("registrations/writer"))
	type answer struct {
		what string
		err  error
	}
	answers := make(chan answer, 10)
	write := func(what string, rec domain.Record) {
		s.Write(otp.External("test"), rec, 1, func(err error) { answers <- answer{what, err} })
	}
	commits := s.Commits()
	write("deletion", domain.Record{Key: key("0")})
	write("big", big)
	s.Fence(otp.External("test"), big.Key, 2, func(_ domain.Record, err error) { answers <- answer{"fence", err} })
	write("update", record("1", "sip:b"))
	must(t, s.app.Resume("registrations/writer"))
	for _, want := range []struct {
		what string
		ok   bool
	}{{"deletion", true}, {"big", false}, {"fence", false}, {"update", true}} {
		if got := <-answers; got.what != want.what || (got.err == nil) != want.ok {
			t.Errorf("%s: %v, want %v", got.what, got.err, want)
		}
	}
	if _, found, err := s.get("0"); found || err != nil {
		t.Errorf("deleted: %v, %v", found, err)
	}
	if rec, _, err := s.get("1"); err != nil || rec.Bindings[0].Contact != "sip:b" {
		t.Errorf("updated: %v, %v", rec, err)
	}
	if s.Trouble() == "" || s.Commits() != commits+1 {
		t.Errorf("trouble %q, %d commits", s.Trouble(), s.Commits()-commits)
	}
}

// A full file never refuses writes that do not grow it, over many commits.
func TestFullForLong(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, persistence.WithoutSync(persistence.Options{Dir: dir, MaxSize: 1 << 20}))
	long := map[int]bool{}
	refused := 0
	for i := range 1000 {
		user := i * 7919 % 211 // in no order
		rec := record(strconv.Itoa(user), strings.Repeat("x", 9000))
		_, err := s.fence(rec.Key, 1)
		must(t, err)
		switch err = s.write(rec, 1); {
		case err == nil:
			long[user] = true
		case long[user]:
			t.Fatalf("round %d: a refresh is refused: %v", i, err)
		default:
			refused++
			for other := range long { // one is deleted for another, a little shorter one
				delete(long, other)
				if err := s.write(record(strconv.Itoa(other), strings.Repeat("x", 8000)), 1); err != nil {
					t.Fatalf("round %d: a shorter one is refused: %v", i, err)
				}
				if err := s.write(domain.Record{Key: key(strconv.Itoa(other))}, 1); err != nil {
					t.Fatalf("round %d: a deletion is refused: %v", i, err)
				}
				break
			}
		}
	}
	if refused < 100 {
		t.Errorf("refused %d times: the file was not full", refused)
	}
	s.close()
	db, err := bolt.Open(filepath.Join(dir, "registrations.db"), 0o600, &bolt.Options{ReadOnly: true})
	must(t, err)
	must(t, db.View(func(tx *bolt.Tx) error {
		if size := tx.Size(); size > 2<<20 { // freed runs of pages differ in length from requested ones
			t.Errorf("%d KiB are taken", size>>10)
		}
		return nil
	}))
	must(t, db.Close())
}

// A commit with an unknown outcome may have changed the file: a shard that primes later sees the
// current file.
func TestPrimingAfterAnUnknownOutcome(t *testing.T) {
	const shards = 4
	o := persistence.Options{Dir: t.TempDir(), Shards: shards}
	first := openStore(t, o)
	first.fill(50)
	first.close()
	faults := &fault.Set{}
	s := openStore(t, o, otp.WithFaults(faults)) // this scan at opening found the headers of the shards
	k := key("newcomer")
	if _, err := s.fence(k, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := faults.Arm(fault.Rule{Point: fault.BeforeCommit, Kind: fault.Torn, Process: "registrations/writer"}); err != nil {
		t.Fatal(err)
	}
	if err := s.write(record("newcomer", "sip:a"), 1); err == nil {
		t.Fatal("the commit was not torn")
	}
	hs := s.prime(domain.ShardOf(k, shards), shards, 10)
	if !slices.ContainsFunc(hs, func(h domain.Header) bool { return h.Key == k }) {
		t.Errorf("the shard primes with %d users, and the newcomer is none of them", len(hs))
	}
}

// While pages are unreadable, reads return errors and the process lives. When the pages are
// readable again, reads succeed.
func TestPageThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, persistence.Options{Dir: dir})
	s.fill(2000)
	path := filepath.Join(dir, "registrations.db")
	whole, err := os.ReadFile(path)
	must(t, err)
	ask := func() (failed, served int) {
		for i := range 2000 {
			_, found, err := s.get(strconv.Itoa(i))
			switch {
			case err == nil && found:
				served++
			case domain.KindOf(err) == domain.Unavailable && strings.Contains(err.Error(), "damaged"):
				failed++
			default:
				t.Fatalf("user %d: %v, %v", i, found, err)
			}
		}
		return failed, served
	}
	must(t, os.Truncate(path, 3*4096))
	if failed, served := ask(); failed != 2000 {
		t.Errorf("%d failed, %d served", failed, served)
	}
	must(t, os.WriteFile(path, whole, 0o600)) // the disk can be read again
	if failed, served := ask(); served != 2000 {
		t.Errorf("afterwards %d failed, %d served", failed, served)
	}
}

// A file that another program has open, and one of a newer format, are refused with the reason.
func TestFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	openStore(t, persistence.Options{Dir: dir}).close()
	path := filepath.Join(dir, "registrations.db")
	other, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	must(t, err)
	if _, err := persistence.OpenRegistrations(persistence.Options{Dir: dir}); err == nil || err.Error() != "registrations.db: is in use by another process" {
		t.Errorf("locked: %v", err)
	}
	must(t, other.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{0, 0, 0, 3}) }))
	must(t, other.Close())
	if _, err := persistence.OpenRegistrations(persistence.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "registrations.db: has format 3, and this program supports formats up to 2: use the newer program that wrote it") {
		t.Errorf("newer: %v", err)
	}
}

// Operations beyond the bound of the writer's queue are refused at once.
func TestPlaces(t *testing.T) {
	s := openStore(t, persistence.Options{Dir: t.TempDir(), MaxQueued: 10})
	if err := s.app.Suspend("registrations/writer"); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 15)
	for i := range 15 {
		s.Fence(otp.External("test"), key(strconv.Itoa(i)), 1, func(_ domain.Record, err error) { results <- err })
	}
	for range 5 {
		if err := <-results; domain.KindOf(err) != domain.Overloaded || !errors.Is(err, otp.ErrOverloaded) {
			t.Errorf("got %v", err)
		}
	}
	must(t, s.app.Resume("registrations/writer"))
	for range 10 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// The scan at opening and a later scan by a reader return the same headers.
func TestPrimingAgain(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, persistence.Options{Dir: dir})
	s.fill(300)
	s.close()
	s = openStore(t, persistence.Options{Dir: dir})
	byKey := cmpopts.SortSlices(func(a, b domain.Header) bool { return a.Key.User < b.Key.User })
	for shard := range 4 {
		first, second := s.prime(shard, 4, 10), s.prime(shard, 4, 11)
		if diff := cmp.Diff(first, second, byKey); diff != "" || len(first) < 50 {
			t.Errorf("%d users\n%s", len(first), diff)
		}
	}
}

// Ended records are found in key order, page by page, and pruned unless an incarnation owns
// them.
func TestDueAndPrune(t *testing.T) {
	s := openStore(t, persistence.Options{Dir: t.TempDir()})
	s.fill(100)
	for i := range 90 { // ten users keep their incarnation
		s.Release(otp.External("test"), key(strconv.Itoa(i)), 1)
	}
	type page struct {
		keys []domain.Key
		next domain.Key
	}
	var all []domain.Key
	for from, pages := (domain.Key{}), 0; ; pages++ {
		got := make(chan page, 1)
		s.Due(otp.External("test"), from, 7, func(h domain.Header) bool { return h.Key.User != "50" }, func(keys []domain.Key, next domain.Key, err error) {
			if err != nil {
				t.Error(err)
			}
			got <- page{keys, next}
		})
		p := <-got
		all = append(all, p.keys...)
		if from = p.next; from == (domain.Key{}) {
			if pages != 14 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if len(all) != 99 || !cmpSorted(all) {
		t.Errorf("%d users are due: %v", len(all), all)
	}
	type pruned struct {
		changed []domain.Header
		owned   []domain.Key
	}
	got := make(chan pruned, 1)
	var news []error
	s.Prune(otp.External("test"), all, func(rec domain.Record) (domain.Record, bool) {
		if rec.Key.User == "10" {
			return rec, false
		}
		return domain.Record{Key: rec.Key}, true
	}, func(changed []domain.Header, owned []domain.Key, err error) {
		news = append(news, err)
		got <- pruned{changed, owned}
	})
	p := <-got
	if len(p.changed) != 88 || len(p.owned) != 10 || news[0] != nil {
		t.Errorf("%d changed, %d owned, %v", len(p.changed), len(p.owned), news)
	}
	for user, want := range map[string]bool{"0": false, "10": true, "50": true, "95": true} {
		if _, found, err := s.get(user); found != want || err != nil {
			t.Errorf("user %s: %v, %v", user, found, err)
		}
	}
}

// An incarnation that begins in the commit of a pruning owns its record: fence and pruning agree
// on the record.
func TestPruneLeavesWhoBeginsMeanwhile(t *testing.T) {
	s := openStore(t, persistence.Options{Dir: t.TempDir()})
	s.fill(1)
	s.Release(otp.External("test"), key("0"), 1)
	if err := s.app.Suspend("registrations/writer"); err != nil { // so that both are in one batch
		t.Fatal(err)
	}
	owned := make(chan int, 1)
	s.Prune(otp.External("test"), []domain.Key{key("0")}, func(rec domain.Record) (domain.Record, bool) { return domain.Record{Key: rec.Key}, true },
		func(_ []domain.Header, o []domain.Key, _ error) { owned <- len(o) })
	fenced := make(chan domain.Record, 1)
	s.Fence(otp.External("test"), key("0"), 2, func(rec domain.Record, _ error) { fenced <- rec })
	must(t, s.app.Resume("registrations/writer"))
	if rec, n := <-fenced, <-owned; len(rec.Bindings) != 1 || n != 1 {
		t.Errorf("%d bindings, %d owned", len(rec.Bindings), n)
	}
	if rec, found, err := s.get("0"); !found || err != nil || len(rec.Bindings) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

func cmpSorted(keys []domain.Key) bool {
	for i := 1; i < len(keys); i++ {
		if keys[i-1].User >= keys[i].User {
			return false
		}
	}
	return true
}
