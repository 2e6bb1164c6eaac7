package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"testing"
	"time"
)

// echo serves connections that echo their input, and reports the end of each.
func echo(t *testing.T) (address string, ended <-chan struct{}) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	gone := make(chan struct{}, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
				gone <- struct{}{}
			}()
		}
	}()
	return "tcp://" + l.Addr().String() + "/", gone
}

// talk is a connection over the network.
type talk struct {
	t *testing.T
	net.Conn
}

func dialOver(t *testing.T, address string) talk {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return talk{t, c}
}

// says sends a word, waits for its echo at most within, and returns how long that took.
func (w talk) says(within time.Duration) (took time.Duration, err error) {
	w.t.Helper()
	began := time.Now()
	if _, err := w.Write([]byte("word")); err != nil {
		return 0, err
	}
	if err := w.SetReadDeadline(began.Add(within)); err != nil {
		w.t.Fatal(err)
	}
	_, err = io.ReadFull(w, make([]byte, 4))
	return time.Since(began), err
}

// A half-open connection drops data and its end, and new ones work. A cut ends connections. A
// slow network is slow in both directions.
func TestNetwork(t *testing.T) {
	address, ended := echo(t)
	n, over, err := newNetwork(address)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close(context.Background())
	const soon, short = 10 * time.Second, 200 * time.Millisecond
	old := dialOver(t, over)
	if _, err := old.says(soon); err != nil {
		t.Fatal(err)
	}
	if err := n.forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := old.says(short); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("over a connection that is forgotten: %v", err)
	}
	_ = old.Close()
	young := dialOver(t, over)
	if _, err := young.says(soon); err != nil {
		t.Errorf("over a new connection: %v", err)
	}
	select {
	case <-ended:
		t.Error("the other end was told")
	default:
	}
	if err := n.slow(short); err != nil {
		t.Fatal(err)
	}
	if took, err := young.says(soon); err != nil || took < short {
		t.Errorf("a slow answer after %v: %v", took, err)
	}
	if err := n.heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended: // the end of the first connection arrives now
	case <-time.After(soon):
		t.Error("the other end was not told")
	}
	n.cut()
	if _, err := young.says(soon); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("over a connection that is cut: %v", err)
	}
	if err := n.mend(); err != nil {
		t.Fatal(err)
	}
	if _, err := dialOver(t, over).says(soon); err != nil {
		t.Errorf("after all: %v", err)
	}
}
