package persistence

import (
	"path/filepath"

	"registrar/actors/otp"

	bolt "go.etcd.io/bbolt"
)

// FileStats are the sizes of a file.
type FileStats struct {
	// File is its name. Size is its length, Used the bytes in use on its pages, Free the bytes
	// of its free pages.
	File             string
	Size, Used, Free int64
	// Users counts its values. Depth is that of the tree; Pages counts its leaf pages.
	Users, Depth, Pages int
}

func statsOf(tx *bolt.Tx) FileStats {
	s := tx.Bucket([]byte(bucketData)).Stats()
	page := int64(tx.DB().Info().PageSize)
	used := int64(s.LeafInuse + s.BranchInuse)
	alloc := int64(s.LeafAlloc+s.BranchAlloc) + 4*page // two meta pages, the root, bucket meta
	return FileStats{
		File: filepath.Base(tx.DB().Path()), Size: tx.Size(), Used: used, Free: max(0, tx.Size()-alloc),
		Users: s.KeyN, Depth: s.Depth, Pages: s.LeafPageN,
	}
}

// Stats replies with the sizes of the file.
func (r *Registrations) Stats(done func(FileStats, error)) { r.pool.stats(r.file, done) }

// Stats replies with the sizes of the file.
func (s *Credentials) Stats(done func(FileStats, error)) { s.pool.stats(s.file, done) }

func (r *readers) stats(f *file, done func(FileStats, error)) {
	submitBulk(r, otp.External("control"), func() (stats FileStats, err error) {
		err = f.tx(func(tx *bolt.Tx) error {
			stats = statsOf(tx)
			return nil
		})
		return stats, err
	}, done)
}
