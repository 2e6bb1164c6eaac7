package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/node"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/demo/fleet"
)

// run is the state of one run.
type run struct {
	opts   Options
	realms []string
	node   *node.Node
	dialer link.Dialer
	net    *network
	proc   *process

	trunk    *client.ReconnectingClient
	client   *recordingClient
	ledger   *Ledger
	heals    *healTracker
	counters *counters
	report   *Report
	tree     otp.Node       // as declared
	tasks    sync.WaitGroup // measurements of single actors
	probes   atomic.Int64

	mu  sync.Mutex // protects the following
	out io.Writer
	set map[domain.Key]*sync.Mutex
}

// Run starts a private broker and a registrar, injects the faults under load, and waits for the
// recovery. Then it checks that acknowledged registrations are stored and replies are true. An
// error means that the run could not be carried out; broken promises are in the report, see
// [Report.Err].
func Run(ctx context.Context, o Options) (report *Report, err error) {
	r := &run{opts: o, out: o.Out, ledger: NewLedger(), heals: newHealTracker(), report: &Report{}, set: map[domain.Key]*sync.Mutex{}}
	for i := range o.Realms {
		r.realms = append(r.realms, realmName(i))
	}
	if r.node, err = node.Start(ctx, node.Options{Log: zerolog.Nop()}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.node.Stop()) }()
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	defer r.close(context.WithoutCancel(ctx))
	if err := r.play(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
		return nil, fmt.Errorf("%w\nend of the registrar's log:\n%s", err, r.proc.lastLog())
	}
	return r.report, nil
}

// realmName returns the name of realm i. Tests rely on the first two names.
func realmName(i int) string {
	names := []string{"one.test", "two.test"}
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("realm-%d.test", i)
}

// open opens the connection to the broker and prepares the process.
func (r *run) open(ctx context.Context) (err error) {
	r.dialer = rabbit.New(rabbit.Config{URLs: []string{r.node.URL()}, Log: zerolog.Nop()})
	var over string
	if r.net, over, err = newNetwork(r.node.URL()); err != nil {
		return err
	}
	dir := filepath.Join(r.node.Dir(), "chaos") // removed with the broker
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if r.proc, err = newProcess(ctx, r.opts.Program, r.opts.Env, dir, over); err != nil {
		return err
	}
	r.counters = newCounters(r.proc)
	r.trunk = client.NewReconnecting(r.dialer, client.Config{Name: "chaos-switch", App: "softswitch", Generation: wire.Kazoo5}) //nolint:contextcheck // it lives until it is closed
	r.client = newRecordingClient(r.trunk, r.ledger, r.heals.quiet)
	return nil
}

func (r *run) close(ctx context.Context) {
	r.trunk.Close()
	r.proc.kill()
	r.net.close(ctx)
}

// play runs from the first start to the last check.
func (r *run) play(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	watched, stop := context.WithCancel(ctx)
	defer stop()
	var watch sync.WaitGroup
	watch.Go(func() { r.counters.run(watched) })
	began := time.Now()
	if err := r.inject(ctx); err != nil {
		return err
	}
	r.report.Took = time.Since(began)
	err := r.verify(ctx)
	stop()
	watch.Wait()
	return err
}

// begin starts the registrar, waits until it is ready, and sets all passwords.
func (r *run) begin(ctx context.Context) (err error) {
	if err := r.proc.start(ctx); err != nil {
		return err
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	if r.tree, err = r.proc.client.Tree(ctx); err != nil {
		return err
	}
	var all []domain.Credential
	now := time.Now()
	add := func(k domain.Key) {
		all = append(all, credential(k, "first"))
		r.ledger.Changing(k, "first", now)
	}
	for i := range r.opts.Phones {
		add(r.key(i))
	}
	for i := range probeUsers {
		add(keyOf(probeRealm, fleet.UserOf(i)))
	}
	if _, err := r.proc.client.Import(ctx, all); err != nil {
		return err
	}
	for _, c := range all {
		r.ledger.Changed(c.Key, time.Now())
	}
	return nil
}

// key is the user of a phone.
func (r *run) key(phone int) domain.Key {
	return keyOf(r.realms[phone%len(r.realms)], fleet.UserOf(phone/len(r.realms)))
}

// say writes a line to Out.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.out, format+"\n", args...) // the output is best effort
}

// setting returns the mutex that serializes the changes of a user's password.
func (r *run) setting(k domain.Key) *sync.Mutex {
	r.mu.Lock()
	defer r.mu.Unlock()
	mine := r.set[k]
	if mine == nil {
		mine = new(sync.Mutex)
		r.set[k] = mine
	}
	return mine
}
