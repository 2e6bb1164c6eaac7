package rabbit

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// socket is the TCP connection below the library (and below TLS). It knows the start of a blocked
// write, which the library does not report. It also knows whether a read timed out, which the
// library reports as a refusal during the handshake. One goroutine writes and one reads; the
// other methods are safe for concurrent use.
type socket struct {
	net.Conn
	handshakeTime time.Duration // time limit from the broker's first frame to the end of the handshake
	answered      atomic.Bool
	writing       atomic.Int64 // start of the current write, Unix nanoseconds; 0 means none
	timeoutErr    atomic.Pointer[error]
}

// Read extends the deadline at the broker's first frame. RabbitMQ refuses credentials by closing
// the connection three or more seconds later, without a frame.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 && !s.answered.Load() && s.answered.CompareAndSwap(false, true) {
		_ = s.SetDeadline(time.Now().Add(s.handshakeTime)) // later reads and writes report a closed socket
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.timeoutErr.CompareAndSwap(nil, &err)
	}
	return n, err //nolint:wrapcheck // net.Conn: the library reads the error.
}

// Write records its start time until it returns.
func (s *socket) Write(p []byte) (int, error) {
	s.writing.Store(time.Now().UnixNano())
	defer s.writing.Store(0)
	return s.Conn.Write(p) //nolint:wrapcheck // net.Conn: the library reads the error.
}

// writeTime returns the duration of the current write.
func (s *socket) writeTime() time.Duration {
	since := s.writing.Load()
	if since == 0 {
		return 0
	}
	return time.Duration(time.Now().UnixNano() - since)
}

// timeout returns the error of a read that timed out, if any.
func (s *socket) timeout() error {
	if err := s.timeoutErr.Load(); err != nil {
		return *err
	}
	return nil
}
