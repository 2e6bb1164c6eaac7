package rabbit

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// socket is the TCP connection below the library (and below TLS). It knows since when a write is stuck, which the library
// does not tell, and why a read failed, which the library replaces by a guess during the handshake. It is written by one
// goroutine at a time and read by one; the rest may call it from anywhere.
type socket struct {
	net.Conn
	answer  time.Duration // from the first word of the broker to the end of the handshake
	heard   atomic.Bool
	writing atomic.Int64 // since when, Unix nanoseconds; 0 means that no write is going on
	failed  atomic.Pointer[error]
}

// Read reads, and gives the broker a new term when its first word comes: a broker that refuses credentials closes the
// connection without a word three seconds later.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 && !s.heard.Load() && s.heard.CompareAndSwap(false, true) {
		_ = s.SetDeadline(time.Now().Add(s.answer)) // a socket that is closed says so by itself
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed.CompareAndSwap(nil, &err)
	}
	return n, err //nolint:wrapcheck // net.Conn's errors are its contract.
}

// Write writes, and says meanwhile since when.
func (s *socket) Write(p []byte) (int, error) {
	s.writing.Store(time.Now().UnixNano())
	defer s.writing.Store(0)
	return s.Conn.Write(p) //nolint:wrapcheck // as above.
}

// stuck returns for how long the present write has been going on.
func (s *socket) stuck() time.Duration {
	since := s.writing.Load()
	if since == 0 {
		return 0
	}
	return time.Duration(time.Now().UnixNano() - since)
}

// failure returns why a read failed, nil if it did not or if the broker closed the connection.
func (s *socket) failure() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}
