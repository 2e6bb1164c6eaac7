package persistence

import (
	"os"
	"path/filepath"

	"registrar/actors/domain"
)

// Compact rewrites a file of a directory that nobody uses without its free pages, and so without what was deleted from it. It returns the sizes
// before and after, in bytes. Until the new file is complete and on disk the old one stays.
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
