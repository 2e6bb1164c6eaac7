package persistence

import (
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	bolt "go.etcd.io/bbolt"
)

// Options say where the files are and how they are written.
type Options struct {
	// Dir is the data directory, whose lock the caller holds.
	Dir string
	Log zerolog.Logger
	// MaxBatch is the largest number of operations in one commit; zero is 10,000.
	MaxBatch int
	// NoSync leaves out fsync: for a negative control in tests. What is acknowledged is then not safe.
	NoSync bool
}

const (
	registrationsKind = "registrations"
	credentialsKind   = "credentials"

	defaultBatch  = 10_000
	fileFormat    = 1
	lockTimeout   = time.Second
	mapSize       = 8 << 30 // address space, not memory: growing the map would stall the writer
	readersNumber = 2
)

func (o Options) batch() int {
	if o.MaxBatch == 0 {
		return defaultBatch
	}
	return o.MaxBatch
}

func (o Options) path(kind string) string { return filepath.Join(o.Dir, kind+".db") }

func (o Options) bolt() *bolt.Options {
	return &bolt.Options{
		Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: mapSize, NoSync: o.NoSync,
	}
}
