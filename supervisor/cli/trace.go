package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"registrar/actors/trace"
	"registrar/supervisor/traceview"
	"registrar/supervisor/traceview/otlp"
)

// traceFlags select events: all, or the matching ones with their causes and effects.
type traceFlags struct {
	Data    string        `help:"Data directory of a running server." placeholder:"DIR" type:"path"`
	File    string        `help:"File with events of --format jsonl, in place of a server; - for standard input." placeholder:"FILE"`
	Last    time.Duration `help:"Only events of the last time, such as 30s."`
	User    string        `help:"Events about a user." placeholder:"USER[@REALM]"`
	Realm   string        `help:"Events about a realm."`
	MsgID   string        `name:"msg-id" help:"Events about the request with this Msg-ID."`
	Process string        `help:"Events of a process, or of a pattern such as 'bridge/*'." placeholder:"NAME"`
	Type    string        `help:"Events of a message type, such as registration.Register or Register." placeholder:"TYPE"`
	Crashes bool          `help:"Crashes, with their causes."`
}

func (f *traceFlags) filter(now time.Time) trace.Filter {
	user, realm, _ := strings.Cut(f.User, "@")
	if realm == "" {
		realm = f.Realm
	}
	out := trace.Filter{MsgID: f.MsgID, Realm: realm, User: user, Process: f.Process, Type: f.Type}
	if f.Last > 0 {
		out.Since = now.Add(-f.Last)
	}
	if f.Crashes {
		out.Kinds = []trace.Kind{trace.Crash, trace.GaveUp, trace.Abandoned}
	}
	return out
}

// events returns the selected events.
func (f *traceFlags) events(ctx context.Context, env Env) ([]trace.Event, error) {
	want := f.filter(time.Now())
	if err := want.Check(); err != nil {
		return nil, usage{err}
	}
	switch {
	case f.File != "":
		all, err := readEvents(env, f.File)
		return trace.Select(all, want), err
	case f.Data == "":
		return nil, usage{errors.New("give --data or --file")}
	}
	var all []trace.Event
	err := running(f.Data).Trace(ctx, want, func(e trace.Event) bool {
		all = append(all, e)
		return true
	})
	return all, err
}

func readEvents(env Env, path string) ([]trace.Event, error) {
	in := env.Stdin
	if path != "-" {
		f, err := os.Open(path) //nolint:gosec // a path of the operator.
		if err != nil {
			return nil, fmt.Errorf("events: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		in = f
	}
	events, err := trace.ReadLines(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return events, nil
}

// traceShowCmd is registrar trace.
type traceShowCmd struct {
	traceFlags
	Chain  string `help:"All events of the causal chain of a message, by its ID." placeholder:"ID"`
	Follow bool   `short:"f" help:"Print events as they are recorded, until interrupted, as lines or with --format jsonl."`
	Format string `help:"Format: chart (for the terminal), mermaid, svg, perfetto, shiviz, jsonl, otlp." enum:"chart,mermaid,svg,perfetto,shiviz,jsonl,otlp" default:"chart"`
	To     string `help:"URL of the collector, with --format otlp." default:"http://127.0.0.1:4318/v1/traces" placeholder:"URL"`
	IDs    bool   `name:"ids" help:"With --follow: print the IDs of each message and of its cause."`
}

// Run prints the recorded events.
func (c *traceShowCmd) Run(ctx context.Context, env Env) error {
	if c.Follow {
		return c.follow(ctx, env)
	}
	events, err := c.events(ctx, env)
	if err != nil {
		return err
	}
	if c.Chain != "" {
		id, err := trace.ParseID(c.Chain)
		if err != nil {
			return usage{err}
		}
		if events = trace.Chain(events, id); events == nil {
			return fmt.Errorf("no event has the ID %v: it may be too old", id)
		}
	}
	if c.Format == "otlp" {
		if err := otlp.Send(ctx, c.To, events); err != nil {
			return err
		}
		return printf(env.Stdout, "%s sent to %s\n", count(len(events), "event"), c.To)
	}
	forms := map[string]func(io.Writer, []trace.Event) error{
		"chart": traceview.Text, "mermaid": traceview.Mermaid, "svg": traceview.SVG, "perfetto": traceview.Perfetto, "shiviz": traceview.ShiViz, "jsonl": trace.WriteLines,
	}
	return forms[c.Format](env.Stdout, events)
}

func (c *traceShowCmd) follow(ctx context.Context, env Env) error {
	switch {
	case c.Data == "" || c.File != "":
		return usage{errors.New("--follow needs --data and excludes --file")}
	case c.Chain != "":
		return usage{errors.New("--follow excludes --chain")}
	case c.Format != "chart" && c.Format != "jsonl":
		return usage{fmt.Errorf("--follow prints lines or --format jsonl, not %s", c.Format)}
	}
	want := c.filter(time.Now())
	if err := want.Check(); err != nil {
		return usage{err}
	}
	var failed error
	begun := func() error { return printf(env.Stderr, "following; interrupt to end\n") }
	err := running(c.Data).Follow(ctx, want, begun, func(e trace.Event) bool {
		if c.Format == "jsonl" {
			failed = trace.WriteLines(env.Stdout, []trace.Event{e})
		} else {
			failed = traceview.Line(env.Stdout, e, c.IDs)
		}
		return failed == nil
	})
	return errors.Join(err, failed)
}

// traceDiffCmd is registrar trace diff.
type traceDiffCmd struct {
	A string `arg:"" help:"Events of the first run, as JSON Lines."`
	B string `arg:"" help:"Events of the second run."`
}

// Run prints where two runs of the same scenario differ.
func (c *traceDiffCmd) Run(_ context.Context, env Env) error {
	a, err := readEvents(env, c.A)
	if err != nil {
		return err
	}
	b, err := readEvents(env, c.B)
	if err != nil {
		return err
	}
	parted, err := traceview.Diff(env.Stdout, a, b)
	if err != nil {
		return err
	}
	if parted > 0 {
		return fmt.Errorf("the runs differ in %s", count(parted, "process"))
	}
	return printf(env.Stdout, "no difference: the same steps in every process\n")
}
