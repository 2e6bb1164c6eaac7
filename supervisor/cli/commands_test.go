package cli_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/softswitch"
	"registrar/amqpbridge/wire"
)

// asProgram makes the test binary the program.
const asProgram = "REGISTRAR_TEST_AS_PROGRAM"

// waitSocket waits until somebody listens on a Unix socket.
func waitSocket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitsocket PATH")
	}
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.Dial("unix", ts.MkAbs(args[0])); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("nobody listens on %s", args[0])
		}
	}
}

// exits runs a program that has to end with the given code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// register reports a phone and returns when a query shows it.
func register(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: register BROKER REALM USER CONTACT")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	dialer := rabbit.New(rabbit.Config{URLs: args[:1], Log: zerolog.Nop()})
	sw, err := softswitch.Connect(ctx, dialer, fmt.Sprintf("register-%d", time.Now().UnixNano()), wire.Kazoo5)
	ts.Check(err)
	defer func() { ts.Check(sw.Close(ctx)) }()
	for err = link.ErrReturned; errors.Is(err, link.ErrReturned); { // the server has not bound its keys yet
		err = sw.Report(ctx, softswitch.Registration{Realm: args[1], User: args[2], Contact: args[3], Expires: time.Hour})
	}
	ts.Check(err)
	for {
		m, err := sw.Query(ctx, args[1], args[2])
		if !errors.Is(err, softswitch.ErrNobody) { // as above
			ts.Check(err)
		}
		if _, ok := m.(*wire.RegQueryResponse); ok {
			return
		}
	}
}
