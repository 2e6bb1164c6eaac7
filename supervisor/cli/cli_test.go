package cli_test

import (
	"context"
	"flag"
	neturl "net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// full reports whether long campaigns run in full, as in CI; the plain run takes a sample of each.
func full() bool { return os.Getenv("REGISTRAR_TEST_FULL") != "" }

var update = flag.Bool("update", false, "write the golden files")

// Each script in testdata/script checks one command's output and exit code, with a running server
// and without.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: *update, Cmds: scriptCommands(), Setup: func(e *testscript.Env) error {
		settings(e)
		format1, err := filepath.Abs("../../persistence/testdata/format1/backup.tar")
		e.Setenv("FORMAT1", format1)
		return err
	}})
}

// settings passes on the options of the race detector, and no other variable.
func settings(e *testscript.Env) {
	if v, ok := os.LookupEnv("GORACE"); ok {
		e.Setenv("GORACE", v)
	}
}

// patient sets deadlines that are longer than a busy machine takes, so that every request is
// answered. All tests may share a broker, so queues with other bounds than the default have other
// names.
func patient(e *testscript.Env) {
	for name, value := range map[string]string{
		"REPLY_DEADLINE": "20s", "QUEUE_TTL": "20s", "TIMEOUT": "30s", "AUTHN_QUEUE": "registrar.authn.patient", "QUERY_QUEUE": "registrar.query.patient",
	} {
		e.Setenv("REGISTRAR_"+name, value)
	}
}

// Scripts of commands that need a real broker. Its URL is in BROKER, the URL without user and
// password in HOST, and these are in the file credentials. The scripts run one after the other,
// since they may share a broker.
func TestScriptsWithBroker(t *testing.T) {
	scripts, err := filepath.Glob("testdata/broker/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			url := brokertest.URL(t)
			testscript.Run(t, testscript.Params{Files: []string{script}, Cmds: scriptCommands(), Setup: func(e *testscript.Env) error {
				e.Setenv("BROKER", url)
				settings(e)
				patient(e)
				bare, err := neturl.Parse(url)
				if err != nil {
					return err
				}
				user := bare.User.String()
				bare.User = nil
				e.Setenv("HOST", bare.String())
				return os.WriteFile(filepath.Join(e.WorkDir, "credentials"), []byte(user), 0o600)
			}})
		})
	}
}

// The example file contains every setting of serve with its default.
func TestExampleIsWholeAndTrue(t *testing.T) {
	run := func(env map[string]string, args ...string) string {
		var out, errs strings.Builder
		code := cli.Run(t.Context(), cli.Env{Stdout: &out, Stderr: &errs, Lookup: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}, args)
		if code != cli.ExitOK {
			t.Fatalf("%v: %s", args, errs.String())
		}
		return out.String()
	}
	file := filepath.Join(t.TempDir(), "example.yaml")
	if err := os.WriteFile(file, []byte(run(nil, "example-config")), 0o600); err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{"REGISTRAR_DATA": "/var/lib/registrar", "REGISTRAR_AMQP": "amqp://x"}
	values := func(text string) map[string]string {
		out := map[string]string{}
		for line := range strings.Lines(text) {
			if setting, _, ok := strings.Cut(line, " # "); ok {
				name, value, _ := strings.Cut(setting, ":")
				out[name] = strings.TrimSpace(value)
			}
		}
		return out
	}
	example, without := run(nil, "check-config", "--config", file), run(ours, "check-config")
	if n := strings.Count(example, "# file"); n != len(values(without)) {
		t.Errorf("the example names %d of %d settings", n, len(values(without)))
	}
	a, b := values(example), values(without)
	delete(a, "amqp")
	delete(b, "amqp")
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("the example differs from what holds without it:\n%s", diff)
	}
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"waitsocket": waitSocket, "waitqueue": waitQueue, "exits": exits, "append": appendFile, "publish": publish, "waitparked": waitParked, "firstid": firstID, "waitregistered": waitRegistered, "waitconsuming": waitConsuming, "register": register, "waithits": waitHits, "waittext": waitText, "waittrouble": waitTrouble,
	}
}
