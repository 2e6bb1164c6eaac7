package console_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/supervisor/console"
)

// lines is a log that a test can read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// The messages of http.Server go to the log of the registrar with the name of the process.
func TestServerLog(t *testing.T) {
	var log lines
	sys := otp.NewSystem(otp.WithLogger(zerolog.New(&log)))
	ref := otp.NewRef[console.ServerMessage](sys, "observe/admin")
	addr := make(chan string, 1)
	listen := func() (net.Listener, error) {
		l, err := console.TCP("127.0.0.1:0")()
		if err == nil {
			addr <- l.Addr().String()
		}
		return l, err
	}
	broken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a broken handler") })
	app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{
		ID: "admin", Start: otp.Worker(ref, func() otp.Behaviour[console.ServerMessage] { return console.NewServer(listen, broken) }),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Get("http://" + <-addr); err == nil {
		_ = resp.Body.Close()
		t.Error("a handler that panics sends a response")
	}
	logged := func() bool {
		text := log.String()
		return strings.Contains(text, `"process":"observe/admin"`) && strings.Contains(text, "a broken handler")
	}
	if !otptest.Eventually(logged) {
		t.Errorf("the panic is not in the log: %s", log.String())
	}
	if err := app.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}
