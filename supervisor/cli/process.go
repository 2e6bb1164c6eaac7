package cli

import (
	"cmp"
	"context"
	"time"
)

// processArg is a process of a running server.
type processArg struct {
	dataFlag
	Process string `arg:"" help:"Name of the process, as in registrar tree; the actor of a user is user/USER@REALM, of a realm realm/REALM."`
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
	Brutal bool `help:"Abandon the process, even while it hangs, and start another in its place."`
}

// Run crashes or abandons a process.
func (c *processKillCmd) Run(ctx context.Context) error {
	if c.Brutal {
		return c.control(ctx, "abandon")
	}
	return c.control(ctx, "kill")
}

// Run suspends a process.
func (c *processSuspendCmd) Run(ctx context.Context) error { return c.control(ctx, "suspend") }

// Run resumes a process.
func (c *processResumeCmd) Run(ctx context.Context) error { return c.control(ctx, "resume") }

// Run lets a process handle one message.
func (c *processStepCmd) Run(ctx context.Context) error { return c.control(ctx, "step") }

// Run prints the state of one process.
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
		shown = "(busy: a message is being handled)"
	case shown == "":
		shown = "(nothing)"
	}
	return printf(env.Stdout, "%s\n  kind      %s\n  state     %s for %v\n  condition %s\n  restarts  %d\n  epoch     %v\n  queue     %d, oldest %s\n  handling  %s\n"+
		"  handled   %s\n  children  %d\n  memory    %s\n  shows     %s\n",
		p.Name, p.Kind, p.State, p.Since.Round(time.Second), cmp.Or(p.Condition, "none"), p.Restarts, p.Epoch, p.Queue, span(p.Oldest), handling(p.Node),
		count(p.Handled, "message"), p.Dynamic, count(p.Memory, "byte"), shown)
}
