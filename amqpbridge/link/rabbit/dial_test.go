package rabbit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
)

const password = "hunter2"

// server listens on the loopback address and calls serve for each connection. It returns its URL
// with a password.
func server(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, c)
			serve(c)
		}
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "amqp://someone:" + password + "@" + l.Addr().String() + "/"
}

// closedPort returns the URL of a port without a listener.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "amqp://someone:" + password + "@" + l.Addr().String() + "/"
}

func with(t *testing.T, address string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

func TestDialErrorsHaveKindsAndNoPasswords(t *testing.T) {
	good := brokertest.URL(t)
	for name, c := range map[string]struct {
		url  string
		want error
	}{
		"closed port":     {closedPort(t), link.ErrRefused},
		"silence":         {server(t, func(net.Conn) {}), link.ErrUnreachable},
		"closed at once":  {server(t, func(c net.Conn) { _ = c.Close() }), link.ErrUnreachable},
		"no AMQP":         {server(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }), link.ErrUnreachable},
		"no such host":    {"amqp://someone:" + password + "@host.invalid/", link.ErrUnreachable},
		"wrong password":  {with(t, good, func(u *url.URL) { u.User = url.UserPassword("guest", password) }), link.ErrCredentials},
		"unknown user":    {with(t, good, func(u *url.URL) { u.User = url.UserPassword("nobody", password) }), link.ErrCredentials},
		"no such vhost":   {with(t, good, func(u *url.URL) { u.Path = "/nowhere" }), link.ErrVhost},
		"another scheme":  {"http://someone:" + password + "@127.0.0.1/", link.ErrInvalid},
		"not a URL":       {"amqp://someone:" + password + "@[::1/%zz", link.ErrInvalid},
		"a port of words": {"amqp://someone:" + password + "@127.0.0.1:port/", link.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := timeLimit // for the first frame
			if name == "silence" || name == "no such host" {
				limit = 500 * time.Millisecond // there is none
			}
			d := rabbit.New(rabbit.Config{URLs: []string{c.url}, DialTimeout: limit})
			_, err := d.Dial(t.Context(), "test")
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), password) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestDialTakesTheFirstBrokerThatAnswers(t *testing.T) {
	closed, wrong := closedPort(t), with(t, brokertest.URL(t), func(u *url.URL) { u.Path = "/nowhere" })
	s, err := rabbit.New(rabbit.Config{URLs: []string{closed, brokertest.URL(t)}, DialTimeout: timeLimit}).Dial(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = rabbit.New(rabbit.Config{URLs: []string{closed, wrong}, DialTimeout: timeLimit}).Dial(t.Context(), "test")
	if !errors.Is(err, link.ErrRefused) || !errors.Is(err, link.ErrVhost) {
		t.Errorf("error %v, want both kinds", err)
	}
	if _, err = rabbit.New(rabbit.Config{}).Dial(t.Context(), "test"); !errors.Is(err, link.ErrInvalid) {
		t.Errorf("without an address: %v", err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	address := server(t, func(net.Conn) {})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := rabbit.New(rabbit.Config{URLs: []string{address, address}, DialTimeout: time.Minute}).Dial(ctx, "test")
	if took := time.Since(began); !errors.Is(err, link.ErrUnreachable) || took > timeLimit {
		t.Errorf("%v after %s", err, took)
	}
}

func TestNothingPrintsPasswords(t *testing.T) {
	c := rabbit.Config{URLs: []string{
		"amqp://someone:" + password + "@broker:5672/v?keyfile=" + password, "amqp://someone:" + password + "@[::1/%zz", password,
		"amqps:" + password,
	}}
	d := rabbit.New(c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for name, shown := range map[string]string{
			"config":            fmt.Sprintf(verb, c),
			"pointer to config": fmt.Sprintf(verb, &c),
			"dialer":            fmt.Sprintf(verb, d),
			"in a struct":       fmt.Sprintf(verb, struct{ D link.Dialer }{d}),
		} {
			if strings.Contains(shown, password) || strings.Contains(shown, fmt.Sprintf("%x", password)) {
				t.Errorf("%s of %s shows the password: %s", verb, name, shown)
			}
		}
	}
	if shown := c.String(); !strings.Contains(shown, "amqp://someone:xxxxx@broker:5672/v") {
		t.Errorf("what may be seen is not: %s", shown)
	}
}
