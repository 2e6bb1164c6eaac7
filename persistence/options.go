package persistence

import (
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	bolt "go.etcd.io/bbolt"
)

// Options configure a store.
type Options struct {
	// Dir is the data directory. The caller holds its lock.
	Dir string
	Log zerolog.Logger
	// MaxSize bounds the bytes of the pages in use of each file; 0 means no bound. A write that
	// exceeds it is refused, and nothing is lost. The file itself is larger by its free pages,
	// and by the step of 16 MiB in which bbolt grows it, most of it a hole.
	MaxSize int64
	// Keys seal and open the secrets of credentials; nil leaves them plain.
	Keys *Keyring
	// MaxQueued bounds the operations that wait for a writer; more are refused with
	// [domain.Overloaded].
	MaxQueued int
	// Shards is the number of shards of the users. The scan at opening then primes each shard
	// once. With 0 each shard is primed by a scan of its own.
	Shards int
	// MaxBatch bounds the operations of one commit.
	MaxBatch int
	// noSync leaves out fsync: for negative controls in this package's tests.
	noSync bool
}

const (
	registrationsKind = "registrations"
	credentialsKind   = "credentials"

	lockTimeout = time.Second
	// mapSize is address space, not memory. Growing the map would stall the writer. It is 8 GiB,
	// or 1 GiB on 32-bit systems.
	mapSize       = 1 << (30 + 3*(strconv.IntSize/64))
	readersNumber = 2
)

// formatOf returns the current format of a kind of file.
func formatOf(kind string) uint32 {
	if kind == registrationsKind {
		return registrationFormat
	}
	return 1
}

// DefaultOptions returns the default options of a store in a directory.
func DefaultOptions(dir string) Options {
	return Options{Dir: dir, MaxQueued: 20_000, MaxBatch: 10_000}
}

func (o Options) path(kind string) string { return filepath.Join(o.Dir, kind+".db") }

func (o Options) bolt() *bolt.Options {
	return &bolt.Options{
		Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: mapSize, PageSize: 4096,
		NoSync: o.noSync,
	}
}
