package persistence

import (
	"os"
	"path/filepath"

	"registrar/actors/domain"
)

// Compact rewrites a file of an unused directory without its free pages, and so without deleted
// data. It returns the sizes before and after, in bytes. The old file stays until the new one is
// complete and synced.
func Compact(o Options, kind string) (before, after int64, err error) {
	path := o.path(kind)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	before = size()
	format, err := verifyFile(o, kind, verifyOnly(o, kind))
	if err == nil {
		err = rewrite(o, kind, format, func(_, v []byte) ([]byte, error) { return v, nil })
	}
	if err != nil {
		return before, before, domain.Wrap(domain.Unavailable, "compact "+filepath.Base(path), err)
	}
	return before, size(), nil
}
