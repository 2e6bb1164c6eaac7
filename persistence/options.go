package persistence

import (
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	bolt "go.etcd.io/bbolt"
)

// Options say where the files are and how they are written.
type Options struct {
	// Dir is the data directory, whose lock the caller holds.
	Dir string
	Log zerolog.Logger
	// MaxSize is how many bytes the pages in use of each file may take; zero is as many as the disk allows. What makes them more is refused then, and nothing
	// is harmed. The file itself is larger by what is free in it, and by the step of 16 MiB in which bbolt enlarges a file, most of it a hole.
	MaxSize int64
	// Keys seal and open the secrets of credentials; nil leaves them as they are.
	Keys *Keyring
	// MaxQueued is how many operations may wait for a writer; a further one is refused with [domain.Overloaded].
	MaxQueued int
	// Shards is into how many shards the users are primed: the look through the file at opening then serves each of them once. Zero has every one served
	// by a scan of its own.
	Shards int
	// MaxBatch is the largest number of operations in one commit.
	MaxBatch int
	// noSync leaves out fsync: for negative controls in this package's tests.
	noSync bool
}

const (
	registrationsKind = "registrations"
	credentialsKind   = "credentials"

	lockTimeout = time.Second
	// The map is address space, not memory: growing the map would stall the writer. It is 8 GiB, or 1 GiB where addresses are short.
	mapSize       = 1 << (30 + 3*(strconv.IntSize/64))
	readersNumber = 2
)

// formatOf returns the format that this program writes files of a kind in.
func formatOf(kind string) uint32 {
	if kind == registrationsKind {
		return registrationFormat
	}
	return 1
}

// DefaultOptions returns the options of a store in a directory that is configured with nothing else.
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
