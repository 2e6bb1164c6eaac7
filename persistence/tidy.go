package persistence

import (
	"errors"
	"os"
	"path/filepath"

	"registrar/actors/domain"
)

// CopyName is the pattern of temporary copies, for os.CreateTemp.
const CopyName = "copy-*.tmp"

// Tidy removes the unfinished files of a dead process from a locked data directory: copies,
// probes, incomplete files. A complete file has another name.
func Tidy(dir string) error {
	var errs []error
	for _, pattern := range []string{CopyName, "probe.tmp", "restore-*", "*.db.new"} {
		left, err := filepath.Glob(filepath.Join(dir, pattern))
		errs = append(errs, err)
		for _, path := range left {
			errs = append(errs, os.RemoveAll(path))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return domain.Wrap(domain.Unavailable, "data directory", err)
	}
	return nil
}
