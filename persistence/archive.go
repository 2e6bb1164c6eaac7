package persistence

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"registrar/actors/domain"
)

// WriteArchive writes checked copies of files to a tar archive.
func WriteArchive(w io.Writer, paths ...string) error {
	t := tar.NewWriter(w)
	for _, p := range paths {
		if err := addFile(t, p); err != nil {
			return domain.Wrap(domain.Unavailable, "archive", err)
		}
	}
	if err := t.Close(); err != nil {
		return domain.Wrap(domain.Unavailable, "archive", err)
	}
	return nil
}

func addFile(t *tar.Writer, path string) error {
	f, err := os.Open(path) //nolint:gosec // our own copy.
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	h := &tar.Header{Name: filepath.Base(path), Mode: 0o600, Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}
	if err := t.WriteHeader(h); err != nil {
		return fmt.Errorf("tar header: %w", err)
	}
	_, err = io.Copy(t, f)
	return err //nolint:wrapcheck // the caller names the archive.
}
