package cli_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

// The server is killed with -9 under load and started again, on a real broker. Every registration
// that the broker accepted is stored at the end: acknowledged ones come from the file, the others
// from the queue.
func TestKillNineOfTheServer(t *testing.T) {
	url := brokertest.URL(t)
	data := filepath.Join(t.TempDir(), "data")
	server := ours().serve(t, data, url)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dialer := rabbit.New(rabbit.Config{URLs: []string{url}, Log: zerolog.Nop()})
	sw, err := client.Connect(ctx, dialer, client.Config{Name: "switch", Generation: wire.Kazoo5})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sw.Close(context.Background()) }()

	awaitAnswer(ctx, sw)
	const users, rounds = 100, 30
	var taken atomic.Int32
	var phones sync.WaitGroup
	for u := range users {
		phones.Go(func() {
			for round := range rounds {
				if err := sw.Report(ctx, registration(u, round)); err != nil {
					t.Error(err)
					return
				}
				taken.Add(1)
			}
		})
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for kills := range 4 {
		for int(taken.Load()) < (kills+1)*users*rounds/6 && ctx.Err() == nil {
			<-tick.C
		}
		kill(server)
		server = ours().serve(t, data, url)
	}
	phones.Wait()
	for u := range users {
		want := fmt.Sprintf(`"%s"`, registration(u, rounds-1).Contact)
		got := ""
		for got != want && ctx.Err() == nil {
			m, err := ask(ctx, sw, strconv.Itoa(u))
			if r, ok := m.(*wire.RegQueryResponse); err == nil && ok && len(r.Fields) == 1 {
				got = string(r.Fields[0]["Contact"])
			}
		}
		if got != want {
			t.Errorf("user %d has %s, want %s", u, got, want)
		}
	}
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("an ordered stop ends with %v", err)
	}
	out, err := ours().command(t, "registration", "list", "--data", data, "ACME.test", "7").Output()
	if want := fmt.Sprintf("7@acme.test\tsip:7@192.0.2.1:%d\tends in ", 5000+rounds-1); err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("registration list: %v, %q, want %q…", err, out, want)
	}
}

// ask queries as an application does, which gives up after a while.
func ask(ctx context.Context, sw *client.Conn, user string) (wire.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return sw.Query(ctx, "acme.test", user, "Contact")
}

// awaitAnswer returns when the server consumes.
func awaitAnswer(ctx context.Context, sw *client.Conn) {
	for ctx.Err() == nil {
		if _, err := ask(ctx, sw, "nobody"); err == nil {
			return
		}
	}
}

func registration(user, round int) client.Registration {
	return client.Registration{
		Realm: "acme.test", User: strconv.Itoa(user), Contact: fmt.Sprintf("sip:%d@192.0.2.1:%d", user, 5000+round), Expires: time.Hour,
	}
}

// binary is a registrar that runs as a process of its own.
type binary struct {
	path string
	env  []string
}

// ours is the test binary as the program.
func ours() binary { return binary{os.Args[0], []string{asProgram + "=1"}} }

func (b binary) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.path, args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), b.env...), t.Output()
	return cmd
}

// kill ends a process at once, if it has not ended.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed
}

// serve starts a server and waits for its control socket.
func (b binary) serve(t *testing.T, data, url string) *exec.Cmd {
	t.Helper()
	cmd := b.command(t, "serve", "--data", data, "--admin", "", "--log-level", "warn")
	cmd.Env = append(cmd.Env, "REGISTRAR_AMQP="+url)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if !otptest.Eventually(func() bool {
		c, err := net.Dial("unix", filepath.Join(data, supervisor.ControlSocket))
		return err == nil && c.Close() == nil
	}) {
		t.Fatal("the server did not start")
	}
	return cmd
}
