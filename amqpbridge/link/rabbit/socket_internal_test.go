package rabbit

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// RabbitMQ closes the connection of refused credentials late, and later on a busy machine. It
// must not be reported as a timeout.
func TestLateHangUpIsHeard(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		late  bool
	}{
		"on a busy machine": {after: 5 * time.Second},
		"not at all":        {after: time.Minute, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer near.Close()
				s := &socket{Conn: near, handshakeTime: Config{DialTimeout: time.Second}.handshakeTime()}
				go func() { _, _ = far.Write([]byte{1}) }()
				hangUp := time.AfterFunc(c.after, func() { _ = far.Close() })
				defer hangUp.Stop()
				if _, err := s.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Read(make([]byte, 1)); errors.Is(err, io.EOF) == c.late || (s.timeout() != nil) != c.late {
					t.Errorf("the read ends with %v, the timeout is %v", err, s.timeout())
				}
			})
		})
	}
}
