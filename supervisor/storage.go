package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"registrar/actors/domain"
	"registrar/persistence"
)

// Secrets lists at most limit credentials behind a key, in key order, with their secrets.
func (s *Server) Secrets(ctx context.Context, after domain.Key, limit int) ([]domain.Credential, error) {
	return s.Credentials(ctx, "", after, limit)
}

// Reseal seals every secret with the current key and returns the number of changed secrets.
func (s *Server) Reseal(ctx context.Context) (int, error) {
	return await(ctx, s, func(done func(int, error)) { s.components.credentials.Reseal(operator(), done) })
}

// Copy writes a consistent copy of one of the files. The copy is made on disk first, so that a
// slow receiver does not keep a read transaction open.
func (s *Server) Copy(ctx context.Context, file string, w io.Writer) (err error) {
	temp, err := os.CreateTemp(s.components.cfg.Data, persistence.CopyName)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	path := temp.Name()
	defer func() { err = errors.Join(err, removeCopy(path)) }()
	if err := errors.Join(temp.Close(), os.Remove(path)); err != nil { // only the name is needed
		return fmt.Errorf("copy: %w", err)
	}
	_, err = await(ctx, s, func(done func(struct{}, error)) {
		told := func(err error) { done(struct{}{}, err) }
		switch file {
		case "credentials":
			s.components.credentials.Copy(path, told)
		case "registrations":
			s.components.registrations.Copy(path, told)
		default:
			told(domain.Wrap(domain.Invalid, "file", fmt.Errorf("%q is neither credentials nor registrations", file)))
		}
	})
	if err != nil {
		return err
	}
	return sendFile(w, path)
}

func removeCopy(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

func sendFile(w io.Writer, path string) error {
	f, err := os.Open(path) //nolint:gosec // our own copy.
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	if _, err := io.Copy(w, f); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// Stats returns the sizes of the files.
func (s *Server) Stats(ctx context.Context) ([]persistence.FileStats, error) {
	c, err := await(ctx, s, s.components.credentials.Stats)
	if err != nil {
		return nil, err
	}
	r, err := await(ctx, s, s.components.registrations.Stats)
	if err != nil {
		return nil, err
	}
	return []persistence.FileStats{c, r}, nil
}
