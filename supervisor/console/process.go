package console

import (
	"context"
	"fmt"
	"log" //nolint:depguard // http.Server takes no other; it writes to ours.
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp"
)

// ServerMessage is what the process of an HTTP server understands.
type ServerMessage interface{ serverMessage() }

// ended says that the server has stopped serving.
type ended struct{ err error }

func (ended) serverMessage() {}

// Listener opens what a server listens on, anew for each incarnation.
type Listener func() (net.Listener, error)

// successive has a listener closed before the next one opens: that of an incarnation that was killed without its cooperation may still be about to be.
func exclusive(open Listener) Listener {
	var mu sync.Mutex
	var former net.Listener
	return func() (net.Listener, error) {
		mu.Lock()
		defer mu.Unlock()
		if former != nil {
			_ = former.Close() // mostly it is closed already
		}
		l, err := open()
		if former = nil; err == nil {
			former = l
		}
		return l, err
	}
}

func listen(network, addr string) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(context.Background(), network, addr)
}

// TCP listens on an address.
func TCP(addr string) Listener {
	return exclusive(func() (net.Listener, error) {
		l, err := listen("tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("admin server: %w", err)
		}
		return l, nil
	})
}

// NewServer returns the behaviour of an HTTP server: it listens in Init, so that an address that is taken is an error of the start.
func NewServer(l Listener, h http.Handler) otp.Behaviour[ServerMessage] {
	return &server{listen: l, http: &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: time.Minute,
	}}
}

type server struct {
	listen Listener
	http   *http.Server
}

// Init listens and serves.
func (s *server) Init(c *otp.Context[ServerMessage]) error {
	l, err := s.listen()
	if err != nil {
		return err
	}
	h := s.http
	h.ErrorLog = log.New(errorLog{c.Log()}, "", 0)
	otp.Task(c, func(ctx context.Context) (struct{}, error) {
		defer context.AfterFunc(ctx, func() { _ = h.Close() })() // who is killed without its cooperation does not come to Terminate
		return struct{}{}, h.Serve(l)
	}, func(_ struct{}, err error) ServerMessage { return ended{err: err} })
	return nil
}

// logged takes what the HTTP server has to say, such as that a handler has panicked.
type errorLog struct{ to *zerolog.Logger }

func (l errorLog) Write(text []byte) (int, error) {
	l.to.Error().Str("why", strings.TrimSpace(string(text))).Msg("the HTTP server has trouble")
	return len(text), nil
}

// Handle ends the incarnation when the server has stopped by itself.
func (*server) Handle(_ *otp.Context[ServerMessage], m ServerMessage) {
	if e, ok := m.(ended); ok {
		panic(fmt.Errorf("the server stopped serving: %w", e.err))
	}
}

// Terminate closes the server once the requests in hand are answered, within two seconds.
func (s *server) Terminate(*otp.Context[ServerMessage], otp.Reason) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // cut off then
	}
}
