package cli

import (
	"cmp"
	"context"
	"time"
)

// processArg names a process of a running server.
type processArg struct {
	dataFlag
	Process string `arg:"" help:"The process's name: as in the tree; a user's is user/USER@REALM, a realm's realm/REALM."`
}

func (c *processArg) control(ctx context.Context, verb string) error {
	return running(c.Data).Control(ctx, verb, c.Process)
}

// The commands registrar process suspend, resume, step and show.
type (
	processSuspendCmd struct{ processArg }
	processResumeCmd  struct{ processArg }
	processStepCmd    struct{ processArg }
	processShowCmd    struct {
		processArg
		JSON bool `name:"json" help:"One JSON object; times in nanoseconds."`
	}
)

// processKillCmd is registrar process kill.
type processKillCmd struct {
	processArg
	Brutal bool `help:"Do not wait for its cooperation: cut it off, even while it hangs, and put another in its place."`
}

// Run kills a process.
func (c *processKillCmd) Run(ctx context.Context) error {
	if c.Brutal {
		return c.control(ctx, "abandon")
	}
	return c.control(ctx, "kill")
}

// Run suspends a process.
func (c *processSuspendCmd) Run(ctx context.Context) error { return c.control(ctx, "suspend") }

// Run resumes it.
func (c *processResumeCmd) Run(ctx context.Context) error { return c.control(ctx, "resume") }

// Run has it handle one message.
func (c *processStepCmd) Run(ctx context.Context) error { return c.control(ctx, "step") }

// Run shows one process, a line for each thing.
func (c *processShowCmd) Run(ctx context.Context, env Env) error {
	p, err := running(c.Data).Inspect(ctx, c.Process)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, p)
	}
	shown := p.BehaviourState
	switch {
	case p.Busy:
		shown = "(busy: its handler is at work)"
	case shown == "":
		shown = "(it shows nothing of itself)"
	}
	return printf(env.Stdout, "%s\n  kind      %s\n  state     %s for %v\n  trouble   %s\n  restarts  %d\n  epoch     %v\n  queue     %d, oldest %s\n  in hand   %s\n"+
		"  handled   %d messages\n  children  %d\n  memory    %d bytes\n  shows     %s\n",
		p.Name, p.Kind, p.State, p.Since.Round(time.Second), cmp.Or(p.Condition, "none"), p.Restarts, p.Epoch, p.Queue, span(p.Oldest), inHand(p.Node), p.Handled, p.Dynamic, p.Memory, shown)
}
