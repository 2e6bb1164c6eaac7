package console

import (
	"context"
	"fmt"
	"log" //nolint:depguard // http.Server accepts no other logger; errorLog forwards to zerolog.
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp"
)

// ServerMessage is a message of the process of an HTTP server.
type ServerMessage interface{ serverMessage() }

// ended reports that the server stopped serving.
type ended struct{ err error }

func (ended) serverMessage() {}

// Listener opens a listener; each incarnation calls it once.
type Listener func() (net.Listener, error)

// exclusive closes the previous listener before it opens the next: an abandoned incarnation may
// not have closed its listener yet.
func exclusive(open Listener) Listener {
	var mu sync.Mutex
	var previous net.Listener
	return func() (net.Listener, error) {
		mu.Lock()
		defer mu.Unlock()
		if previous != nil {
			_ = previous.Close() // usually closed already
		}
		l, err := open()
		if previous = nil; err == nil {
			previous = l
		}
		return l, err
	}
}

func listen(network, addr string) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(context.Background(), network, addr) //nolint:wrapcheck // the callers say what the listener is for.
}

// TCP returns a Listener for a TCP address.
func TCP(addr string) Listener {
	return exclusive(func() (net.Listener, error) {
		l, err := listen("tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("admin server: %w", err)
		}
		return l, nil
	})
}

// NewServer returns the behaviour of an HTTP server. It listens in Init, so an address that is
// in use is an error of the start.
func NewServer(l Listener, h http.Handler) otp.Behaviour[ServerMessage] {
	return &server{listen: l, http: &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: time.Minute,
	}}
}

// server is the behaviour of an HTTP server. Only its process uses it.
type server struct {
	listen Listener
	http   *http.Server
}

// Init listens and starts to serve.
func (s *server) Init(c *otp.Context[ServerMessage]) error {
	l, err := s.listen()
	if err != nil {
		return err
	}
	h := s.http
	h.ErrorLog = log.New(errorLog{c.Log()}, "", 0)
	otp.Task(c, func(ctx context.Context) (struct{}, error) {
		defer context.AfterFunc(ctx, func() { _ = h.Close() })() // Terminate is not called for an abandoned incarnation
		return struct{}{}, h.Serve(l)
	}, func(_ struct{}, err error) ServerMessage { return ended{err: err} })
	return nil
}

// errorLog logs the messages of http.Server, such as the panic of a handler.
type errorLog struct{ to *zerolog.Logger }

func (l errorLog) Write(text []byte) (int, error) {
	l.to.Error().Str("error", strings.TrimSpace(string(text))).Msg("HTTP server error")
	return len(text), nil
}

// Handle crashes when the server stopped by itself; the supervisor starts the next incarnation.
func (*server) Handle(_ *otp.Context[ServerMessage], m ServerMessage) {
	if e, ok := m.(ended); ok {
		panic(fmt.Errorf("HTTP server stopped serving: %w", e.err))
	}
}

// Terminate waits at most two seconds for open requests, then closes the server.
func (s *server) Terminate(*otp.Context[ServerMessage], otp.Reason) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // cuts the open requests off
	}
}
