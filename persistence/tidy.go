package persistence

import (
	"errors"
	"os"
	"path/filepath"

	"registrar/actors/domain"
)

// CopyName is the pattern of the files that are copies on their way elsewhere, for os.CreateTemp.
const CopyName = "copy-*.tmp"

// Tidy removes from a data directory, whose lock is held, what a process that died in the middle of its work has left: copies, probes, files that
// were not complete. What is complete has another name.
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
