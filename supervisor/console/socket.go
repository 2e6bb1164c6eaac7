package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// maxSocketPath bounds the path of a Unix socket in bytes. Linux allows 107 (sun_path in unix(7)).
const maxSocketPath = 100

// Socket returns a Listener for a Unix socket that only its owner can use (mode 0600). It
// replaces an existing socket: the caller holds the lock of the data directory, so no other
// process serves it.
func Socket(path string) Listener {
	return exclusive(func() (net.Listener, error) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("control socket: %w", err)
		}
		var l net.Listener
		err := withShortPath(path, func(p string) (err error) {
			l, err = listen("unix", p)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("control socket: %w", err)
		}
		if u, ok := l.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false) // the path may be one of withShortPath; Close removes the file
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
		}
		return &socket{Listener: l, path: path}, nil
	})
}

// socket is a listener that removes its file when it closes.
type socket struct {
	net.Listener
	path string
	once sync.Once
}

// Close stops listening and removes the file. Later calls do nothing: the file may belong to the
// next listener.
func (s *socket) Close() (err error) {
	s.once.Do(func() {
		err = s.Listener.Close()
		if rm := os.Remove(s.path); !errors.Is(rm, os.ErrNotExist) {
			err = errors.Join(err, rm)
		}
	})
	return err
}

// dialSocket connects to a Unix socket.
func dialSocket(ctx context.Context, path string) (c net.Conn, err error) {
	err = withShortPath(path, func(p string) (err error) {
		c, err = new(net.Dialer).DialContext(ctx, "unix", p)
		return err //nolint:wrapcheck // the client says that the registrar does not answer.
	})
	return c, err
}

// withShortPath calls use with a path of at most maxSocketPath bytes. It reaches a longer path
// through the open directory in /proc/self/fd.
func withShortPath(path string, use func(string) error) error {
	if len(path) <= maxSocketPath {
		return use(path)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("directory of the socket: %w", err)
	}
	defer func() { _ = dir.Close() }() // only its descriptor is used
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
}
