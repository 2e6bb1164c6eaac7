package rabbit

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// A socket is the TCP connection below the library (and below TLS). It knows since when a write is stuck, which the library
// does not tell, and whether a read ran out of time, which the library takes for a refusal during the handshake. One
// goroutine at a time writes and one reads; everything else may be called from anywhere.
type socket struct {
	net.Conn
	answer  time.Duration // from the first word of the broker to the end of the handshake
	heard   atomic.Bool
	writing atomic.Int64 // since when, Unix nanoseconds; 0 means that no write is going on
	late    atomic.Pointer[error]
}

// Read reads, and gives the broker a new term when its first word comes: a broker that refuses credentials closes the
// connection without a word three seconds later, or more.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 && !s.heard.Load() && s.heard.CompareAndSwap(false, true) {
		_ = s.SetDeadline(time.Now().Add(s.answer)) // a socket that is closed says so by itself
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.late.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Write writes, and says meanwhile since when.
func (s *socket) Write(p []byte) (int, error) {
	s.writing.Store(time.Now().UnixNano())
	defer s.writing.Store(0)
	return s.Conn.Write(p)
}

// stuck returns for how long the present write has been going on.
func (s *socket) stuck() time.Duration {
	since := s.writing.Load()
	if since == 0 {
		return 0
	}
	return time.Duration(time.Now().UnixNano() - since)
}

// timeout returns the error of a read that ran out of time, if there was one.
func (s *socket) timeout() error {
	if err := s.late.Load(); err != nil {
		return *err
	}
	return nil
}
