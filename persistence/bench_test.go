package persistence_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/persistence"
)

// The benchmarks work on a file with a million registrations of 700 bytes on the local disk;
// REGISTRAR_BENCH_USERS makes it smaller. Each iteration runs the store and a bare loop on bbolt
// in turn on the same file. The results are medians of the ratios.

func benchUsers() int {
	if n, err := strconv.Atoi(os.Getenv("REGISTRAR_BENCH_USERS")); err == nil {
		return n
	}
	return 1_000_000
}

// largeFile returns the directory of a file that is imported once for all benchmarks.
var largeFile = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "registrar-bench-")
	if err != nil {
		panic(err)
	}
	f, err := persistence.OpenRegistrations(persistence.WithoutSync(persistence.Options{Dir: dir}))
	if err != nil {
		panic(err)
	}
	const chunk = 20_000
	for from := 0; from < benchUsers(); from += chunk {
		var lines strings.Builder
		for i := from; i < min(from+chunk, benchUsers()); i++ {
			_ = persistence.WriteRecord(&lines, benchRecord(i, 0))
		}
		if _, err := f.Import(strings.NewReader(lines.String())); err != nil {
			panic(err)
		}
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
	if _, _, err := persistence.Compact(persistence.Options{Dir: dir}, "registrations"); err != nil {
		panic(err)
	}
	return dir
})

func benchKey(i int) domain.Key {
	return domain.Key{Realm: domain.Realm(fmt.Sprintf("realm-%03d.example.net", i%100)), User: domain.User(fmt.Sprintf("user-%07d", i))}
}

// benchRecord returns a record with a value of 700 bytes.
func benchRecord(i, version int) domain.Record {
	at := time.Now().Add(24 * time.Hour).Truncate(time.Millisecond).UTC()
	contact := fmt.Sprintf("sip:user-%07d@192.0.2.%d:%05d", i, i%250, version%60000)
	doc := fmt.Sprintf(`{"Contact":"%s","Pad":"%s"}`, contact, strings.Repeat("x", 430))
	return domain.Record{Key: benchKey(i), Bindings: []domain.Binding{{
		ID: "0123456789abcdef0123456789abcdef", Contact: contact, Deadline: at, Stamp: domain.Stamp{Sender: 1, Event: at.UnixMilli(), Arrival: at.UnixMilli()},
		Digest: domain.DigestOf([]byte(contact)), Doc: domain.Document(doc),
	}}}
}

// bare opens the file with the store's options, and without the store.
func bare(b *testing.B, dir string, do func(db *bolt.DB)) {
	b.Helper()
	db, err := bolt.Open(filepath.Join(dir, "registrations.db"), 0o600, &bolt.Options{
		NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: 8 << 30, Timeout: time.Second,
	})
	if err != nil {
		b.Fatal(err)
	}
	do(db)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// sample returns keys and values of the file.
func sample(b *testing.B, dir string, n int) (keys, values [][]byte) {
	b.Helper()
	bare(b, dir, func(db *bolt.DB) {
		_ = db.View(func(tx *bolt.Tx) error {
			for range n {
				k := benchKey(rand.IntN(benchUsers()))
				key := []byte(string(k.Realm) + "\x00" + string(k.User))
				keys, values = append(keys, key), append(values, slices.Clone(tx.Bucket([]byte("data")).Get(key)))
			}
			return nil
		})
	})
	return keys, values
}

const slice = 3 * time.Second // of one half of a pair

// hammer has n writers write random users, a hundred of their own each, and wait for each
// acknowledgement, as registration actors do. It returns writes a second and writes a commit.
func hammer(b *testing.B, dir string, n int) (writes, perCommit float64) {
	b.Helper()
	s := openStore(b, persistence.Options{Dir: dir, MaxQueued: 200_000})
	defer s.app.Stop(context.Background())
	var acked atomic.Int64
	var fences, writers sync.WaitGroup
	records := make([][]domain.Record, n)
	for w := range n {
		for range 100 {
			rec := benchRecord(w+n*rand.IntN(benchUsers()/n), 1)
			records[w] = append(records[w], rec)
			fences.Add(1)
			s.Fence(otp.External("test"), rec.Key, 1, func(domain.Record, error) { fences.Done() })
		}
	}
	fences.Wait()
	began := time.Now()
	for w := range n {
		writers.Go(func() {
			done := make(chan error, 1)
			for i := 1; time.Since(began) < slice; i++ {
				s.Write(otp.External("test"), records[w][i%100], 1, func(err error) { done <- err })
				if err := <-done; err != nil {
					b.Error(err)
					return
				}
				acked.Add(1)
			}
		})
	}
	writers.Wait()
	took := time.Since(began).Seconds()
	return float64(acked.Load()) / took, float64(acked.Load()) / float64(s.commits())
}

// Each iteration compares a thousand waiting writers with a bare loop that puts as many values
// of the same size a commit, in key order.
func BenchmarkUpdatesBesideBareLoop(b *testing.B) {
	dir := largeFile()
	keys, values := sample(b, dir, 200_000)
	var ours, theirs, ratios []float64
	for b.Loop() {
		rate, batch := hammer(b, dir, 1000)
		var puts int
		began := time.Now()
		bare(b, dir, func(db *bolt.DB) {
			began = time.Now()
			for at := 0; time.Since(began) < slice; at += int(batch) {
				puts += putBatch(b, db, keys, values, at, int(batch))
			}
		})
		bareRate := float64(puts) / time.Since(began).Seconds()
		ours, theirs, ratios = append(ours, rate), append(theirs, bareRate), append(ratios, rate/bareRate)
	}
	b.ReportMetric(median(ratios), "x-bare")
	b.ReportMetric(median(ours), "writes/s")
	b.ReportMetric(median(theirs), "bare/s")
}

func putBatch(b *testing.B, db *bolt.DB, keys, values [][]byte, at, n int) int {
	b.Helper()
	order := make([]int, 0, n)
	for i := range n {
		order = append(order, (at+i)%len(keys))
	}
	slices.SortFunc(order, func(x, y int) int { return slices.Compare(keys[x], keys[y]) })
	if err := db.Update(func(tx *bolt.Tx) error {
		data := tx.Bucket([]byte("data"))
		for _, i := range order {
			if err := data.Put(keys[i], values[i]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return n
}

// Each iteration compares the median time of a write by a single writer with that of a bare
// update of one value.
func BenchmarkOneWriterBesideBareUpdate(b *testing.B) {
	dir := largeFile()
	var ours, theirs, ratios []float64
	for b.Loop() {
		keys, values := sample(b, dir, 1000)
		var x, y float64
		if len(ours)%2 == 0 {
			x, y = oneWriter(b, dir), oneBare(b, dir, keys, values)
		} else {
			y = oneBare(b, dir, keys, values)
			x = oneWriter(b, dir)
		}
		ours, theirs, ratios = append(ours, x*1e6), append(theirs, y*1e6), append(ratios, x/y)
	}
	b.ReportMetric(median(ratios), "x-bare")
	b.ReportMetric(median(ours), "µs/write")
	b.ReportMetric(median(theirs), "µs/bare")
}

const single = 500 // writes by a single writer

// oneWriter returns the median time of a write in seconds.
func oneWriter(b *testing.B, dir string) float64 {
	b.Helper()
	s := openStore(b, persistence.Options{Dir: dir})
	defer s.close()
	var times []float64
	for i := range single {
		rec := benchRecord(rand.IntN(benchUsers()), i)
		_, _ = s.fence(rec.Key, uint64(i+1))
		began := time.Now()
		if err := s.write(rec, uint64(i+1)); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began).Seconds())
	}
	return median(times)
}

// oneBare returns the median time of an update in seconds. It reads the value before, as a fence
// does.
func oneBare(b *testing.B, dir string, keys, values [][]byte) float64 {
	b.Helper()
	var times []float64
	bare(b, dir, func(db *bolt.DB) {
		for i := range single {
			_ = db.View(func(tx *bolt.Tx) error {
				tx.Bucket([]byte("data")).Get(keys[i])
				return nil
			})
			began := time.Now()
			putBatch(b, db, keys, values, i, 1)
			times = append(times, time.Since(began).Seconds())
		}
	})
	return median(times)
}

// Each iteration compares the reads of a start with a bare scan that copies keys and headers,
// with a warm and a cold page cache.
func BenchmarkPrimeBesideBareScan(b *testing.B) {
	dir := largeFile()
	for _, cold := range []bool{false, true} {
		b.Run(map[bool]string{false: "warm", true: "cold"}[cold], func(b *testing.B) {
			var ours, theirs, ratios []float64
			for b.Loop() {
				forget(b, dir, cold)
				began := time.Now()
				s := openStore(b, persistence.Options{Dir: dir, Shards: 64})
				n := 0
				for shard := range 64 {
					n += len(s.prime(shard, 64, 1<<40))
				}
				mine := time.Since(began).Seconds()
				s.close()
				if n != benchUsers() {
					b.Fatalf("%d users primed", n)
				}
				forget(b, dir, cold)
				began = time.Now()
				bare(b, dir, scan)
				bareOne := time.Since(began).Seconds()
				ours, theirs, ratios = append(ours, mine*1000), append(theirs, bareOne*1000), append(ratios, mine/bareOne)
			}
			b.ReportMetric(median(ratios), "x-bare")
			b.ReportMetric(median(ours), "ms/prime")
			b.ReportMetric(median(theirs), "ms/bare")
		})
	}
}

func scan(db *bolt.DB) {
	type header struct {
		key  string
		head [56]byte
	}
	var all []header
	_ = db.View(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("data")).ForEach(func(k, v []byte) error {
			all = append(all, header{key: string(k), head: [56]byte(v)})
			return nil
		})
	})
}

// Each iteration compares the 99th percentiles of random reads without a writer and beside a
// writer at full speed.
func BenchmarkReadsBesideWriter(b *testing.B) {
	dir := largeFile()
	var alone, beside, ratios []float64
	for b.Loop() {
		s := openStore(b, persistence.Options{Dir: dir})
		x := s.reads(b, slice)
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for w := range 200 {
			writers.Go(func() {
				for i := w; ; i += 200 {
					select {
					case <-stop:
						return
					default:
						rec := benchRecord(i%benchUsers(), i)
						_, _ = s.fence(rec.Key, uint64(i+1))
						_ = s.write(rec, uint64(i+1))
					}
				}
			})
		}
		y := s.reads(b, slice)
		close(stop)
		writers.Wait()
		s.close()
		alone, beside, ratios = append(alone, x*1e6), append(beside, y*1e6), append(ratios, y/x)
	}
	b.ReportMetric(median(ratios), "x-alone")
	b.ReportMetric(median(alone), "µs-p99-alone")
	b.ReportMetric(median(beside), "µs-p99-beside")
}

// reads returns the 99th percentile of the time of a read, in seconds.
func (s *store) reads(b *testing.B, d time.Duration) float64 {
	b.Helper()
	var times []float64
	done := make(chan error, 1)
	for began := time.Now(); time.Since(began) < d; {
		at := time.Now()
		s.Get(otp.External("test"), benchKey(rand.IntN(benchUsers())), func(_ domain.Record, ok bool, err error) {
			if !ok {
				err = cmp.Or(err, os.ErrNotExist)
			}
			done <- err
		})
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(at).Seconds())
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}
