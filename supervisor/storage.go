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

// Secrets lists credentials with their secrets, in key order, at most limit behind after.
func (s *Server) Secrets(ctx context.Context, after domain.Key, limit int) ([]domain.Credential, error) {
	return s.Credentials(ctx, "", after, limit)
}

// Reseal seals every secret with the key that seals now, and returns how many it has changed.
func (s *Server) Reseal(ctx context.Context) (int, error) {
	return await(ctx, s, func(done func(int, error)) { s.rooms.credentials.Reseal(operator(), done) })
}

// Copy writes a consistent copy of one of the files. It is made on the spot first, so that a slow receiver holds nobody up.
func (s *Server) Copy(ctx context.Context, file string, w io.Writer) (err error) {
	temp, err := os.CreateTemp(s.rooms.cfg.Data, persistence.CopyName)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	path := temp.Name()
	defer func() { err = errors.Join(err, removeCopy(path)) }()
	if err := errors.Join(temp.Close(), os.Remove(path)); err != nil { // only its name was wanted
		return fmt.Errorf("copy: %w", err)
	}
	_, err = await(ctx, s, func(done func(struct{}, error)) {
		told := func(err error) { done(struct{}{}, err) }
		switch file {
		case "credentials":
			s.rooms.credentials.Copy(path, told)
		case "registrations":
			s.rooms.registrations.Copy(path, told)
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
	c, err := await(ctx, s, s.rooms.credentials.Stats)
	if err != nil {
		return nil, err
	}
	r, err := await(ctx, s, s.rooms.registrations.Stats)
	if err != nil {
		return nil, err
	}
	return []persistence.FileStats{c, r}, nil
}
