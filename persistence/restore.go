package persistence

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"registrar/actors/domain"
)

// Restore puts the files of an archive into an unused directory. It unpacks, syncs and checks
// all of them first, then renames each into place. An existing file is refused, or with replace
// kept as NAME.before. It returns the reports of the restored files.
func Restore(o Options, archive io.Reader, replace bool) (reports []Report, err error) {
	temp, err := os.MkdirTemp(o.Dir, "restore-")
	if err != nil {
		return nil, domain.Wrap(domain.Unavailable, "restore", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	kinds, err := unpack(archive, temp)
	if err != nil {
		return nil, domain.Wrap(domain.Invalid, "restore", err)
	}
	unpacked := o
	unpacked.Dir = temp
	for _, kind := range kinds {
		r, err := CheckFile(unpacked, kind)
		if err == nil && len(r.Problems) > 0 {
			err = fmt.Errorf("%s: %s", r.File, r.Problems[0])
		}
		if err != nil {
			return nil, domain.Wrap(domain.Invalid, "the archive", err)
		}
		if _, err := os.Stat(o.path(kind)); err == nil && !replace {
			return nil, domain.Wrap(domain.Conflict, r.File, errors.New("exists already: --replace keeps it beside the new one"))
		}
		reports = append(reports, r)
	}
	for _, kind := range kinds {
		if err := os.Rename(o.path(kind), o.path(kind)+".before"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, domain.Wrap(domain.Unavailable, "restore", err)
		}
		if err := os.Rename(unpacked.path(kind), o.path(kind)); err != nil {
			return nil, domain.Wrap(domain.Unavailable, "restore", err)
		}
	}
	if err := syncDir(o.Dir); err != nil {
		return nil, domain.Wrap(domain.Unavailable, "restore", err)
	}
	return reports, nil
}

func unpack(archive io.Reader, dir string) (kinds []string, err error) {
	t := tar.NewReader(archive)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("is not a backup of the registrar, or is truncated: %w", err)
		}
		kind, known := "", false
		for _, k := range Kinds() {
			if h.Name == k+".db" {
				kind, known = k, true
			}
		}
		if !known {
			return nil, errors.New("is not a backup of the registrar: it holds another file")
		}
		if err := unpackFile(t, filepath.Join(dir, kind+".db")); err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		return nil, errors.New("is not a backup of the registrar: it is empty")
	}
	return kinds, nil
}

func unpackFile(r io.Reader, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // one of two names.
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("is truncated, or no space is left: %w", err)
	}
	return nil
}
