package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
	"registrar/supervisor/console"
)

// asProgram makes the test binary the program.
const asProgram = "REGISTRAR_TEST_AS_PROGRAM"

// waitSocket waits until a server that has started answers on a control socket.
func waitSocket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitsocket PATH")
	}
	client := console.NewClient(ts.MkAbs(args[0]))
	poll(ts, "nobody answers on "+args[0], func() bool { _, err := client.Tree(context.Background()); return err == nil })
}

// waitQueue waits until so many messages wait in the queue of a process of the server on that data
// directory.
func waitQueue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waitqueue DATA PROCESS LENGTH")
	}
	client := console.NewClient(filepath.Join(ts.MkAbs(args[0]), supervisor.ControlSocket))
	poll(ts, "the queue of "+args[1]+" is never as long", func() bool {
		p, err := client.Inspect(context.Background(), args[1])
		return err == nil && strconv.Itoa(p.Queue) == args[2]
	})
}

func poll(ts *testscript.TestScript, otherwise string, reached func() bool) {
	if !otptest.Eventually(reached) {
		ts.Fatalf("%s", otherwise)
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
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dialer := rabbit.New(rabbit.Config{URLs: args[:1], Log: zerolog.Nop()})
	sw, err := client.Connect(ctx, dialer, client.Config{Name: fmt.Sprintf("register-%d", time.Now().UnixNano()), Generation: wire.Kazoo5})
	ts.Check(err)
	defer func() { ts.Check(sw.Close(ctx)) }()
	for err = link.ErrReturned; errors.Is(err, link.ErrReturned); { // the server has not bound its keys yet
		err = sw.Report(ctx, client.Registration{Realm: args[1], User: args[2], Contact: args[3], Expires: time.Hour})
	}
	ts.Check(err)
	shown := func() bool {
		try, cancel := context.WithTimeout(ctx, 2500*time.Millisecond) // then it is asked again, as a proxy does
		defer cancel()
		m, err := sw.Query(try, args[1], args[2])
		if !errors.Is(err, client.ErrUnroutable) && try.Err() == nil { // as above
			ts.Check(err)
		}
		_, ok := m.(*wire.RegQueryResponse)
		return ok
	}
	for !shown() {
		ts.Check(ctx.Err())
	}
}

// appendFile appends a file, or the last output, to a file.
func appendFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append FILE FROM")
	}
	was := ""
	if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
		was = ts.ReadFile(args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(was+ts.ReadFile(args[1])), 0o600))
}

// publish sends a body to an exchange as a switch would.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: publish URL EXCHANGE KEY BODY")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sw, err := client.Connect(ctx, rabbit.New(rabbit.Config{URLs: args[:1], Log: zerolog.Nop()}), client.Config{Name: "publisher", Generation: wire.Kazoo5})
	ts.Check(err)
	poll(ts, "nobody takes it", func() bool { return sw.Publish(ctx, args[1], args[2], []byte(args[3])) == nil })
	ts.Check(sw.Close(ctx))
}

// waitParked waits until so many messages are put aside.
func waitParked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitparked URL NUMBER")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := amqpbridge.OpenParking(ctx, rabbit.New(rabbit.Config{URLs: args[:1], Log: zerolog.Nop()}))
	ts.Check(err)
	poll(ts, "so many are never put aside", func() bool {
		n := 0
		for _, q := range []string{"registrar.malformed", "registrar.poison"} {
			ts.Check(p.Visit(ctx, q, func(amqpbridge.ParkedMessage) amqpbridge.Disposition { n++; return amqpbridge.Keep }))
		}
		return strconv.Itoa(n) == args[1]
	})
	ts.Check(p.Close(ctx))
}

// firstID sets ID to the one that was listed last with reason not_json.
func firstID(ts *testscript.TestScript, _ bool, _ []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var m amqpbridge.ParkedMessage
		if json.Unmarshal([]byte(line), &m) == nil && m.Reason == "not_json" {
			ts.Setenv("ID", m.ID)
		}
	}
}

// waitRegistered waits until the server on a data directory holds registrations of so many users.
func waitRegistered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitregistered DATA NUMBER")
	}
	client := console.NewClient(filepath.Join(ts.MkAbs(args[0]), supervisor.ControlSocket))
	poll(ts, "it never holds as many", func() bool {
		recs, err := client.Registrations(context.Background(), "", domain.Key{}, 1000)
		return err == nil && strconv.Itoa(len(recs)) == args[1]
	})
}

// waitConsuming waits until the server on a data directory consumes reports.
func waitConsuming(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitconsuming DATA")
	}
	client := console.NewClient(filepath.Join(ts.MkAbs(args[0]), supervisor.ControlSocket))
	poll(ts, "it never consumes", func() bool {
		p, err := client.Inspect(context.Background(), "bridge/registrations")
		return err == nil && strings.Contains(p.BehaviourState, "Phase:consuming")
	})
}

// waitTrouble waits until a process of the server on a data directory is in a trouble with a text
// in it.
func waitTrouble(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waittrouble DATA PROCESS TEXT")
	}
	client := console.NewClient(filepath.Join(ts.MkAbs(args[0]), supervisor.ControlSocket))
	poll(ts, args[1]+" is in no such trouble", func() bool {
		p, err := client.Inspect(context.Background(), args[1])
		return err == nil && strings.Contains(p.Condition, args[2])
	})
}

// waitHits waits until a fault of the server on a data directory has hit so often.
func waitHits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waithits DATA FAULT NUMBER")
	}
	client := console.NewClient(filepath.Join(ts.MkAbs(args[0]), supervisor.ControlSocket))
	poll(ts, "it never hits", func() bool {
		all, err := client.Faults(context.Background())
		return err == nil && slices.ContainsFunc(all, func(r fault.Rule) bool { return fmt.Sprint(r.ID, " ", r.Hits) == args[1]+" "+args[2] })
	})
}

// waitText waits until a file has a text in it.
func waitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waittext FILE TEXT")
	}
	poll(ts, "there is no such text in "+args[0], func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(text), args[1])
	})
}
