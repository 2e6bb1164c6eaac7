package cli_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/supervisor/cli"
)

// program is the whole program, as main.go is.
func program() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := cli.Run(ctx, cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Lookup: os.LookupEnv}, os.Args[1:])
	stop()
	os.Exit(code)
}

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		program()
	}
	testscript.Main(runner{m}, map[string]func(){"registrar": program})
}

// runner stops the private broker after the tests.
type runner struct{ m *testing.M }

// Run runs the tests.
func (r runner) Run() int { return brokertest.Run(r.m) }

// Each script in testdata/script is one command's behaviour: what it prints and how it exits, with the server running and without.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Cmds: map[string]func(*testscript.TestScript, bool, []string){"waitsocket": waitSocket, "exits": exits},
	})
}
