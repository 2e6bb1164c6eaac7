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

// socketPathMost is a little less than the longest path that the kernel takes for a Unix socket.
const maxSocketPath = 100

// Socket listens on a Unix socket that only the owner can use. One that was left behind is replaced: the caller holds the
// data directory's lock, so nobody serves it.
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
			u.SetUnlinkOnClose(false) // it may go by another name
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
		}
		return &socket{Listener: l, path: path}, nil
	})
}

// socket is a listener whose file goes with it.
type socket struct {
	net.Listener
	path string
	once sync.Once
}

// Close stops listening and removes the file. Closing again does nothing: the file may be the next one's.
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
		return err
	})
	return c, err
}

// nearby has a socket's path used by a name that is short enough: a longer one is reached through its directory, held open.
func withShortPath(path string, use func(string) error) error {
	if len(path) <= maxSocketPath {
		return use(path)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only held
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
}
