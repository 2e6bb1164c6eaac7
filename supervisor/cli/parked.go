package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/rs/zerolog"

	"registrar/amqpbridge"
	"registrar/amqpbridge/link/rabbit"
)

// parkedFlags are the broker and the parking queues.
type parkedFlags struct {
	brokerFlags
	MalformedQueue string `help:"Parking queue of messages that cannot be read." default:"registrar.malformed"`
	PoisonQueue    string `help:"Parking queue of registrations that cannot be applied." default:"registrar.poison"`
}

// look calls judge for each message of both queues.
func (f *parkedFlags) look(ctx context.Context, judge func(amqpbridge.ParkedMessage) amqpbridge.Disposition) (err error) {
	cfg, err := f.link(zerolog.Nop())
	if err != nil {
		return err
	}
	p, err := amqpbridge.OpenParking(ctx, rabbit.New(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(context.WithoutCancel(ctx))) }()
	for _, q := range []string{f.MalformedQueue, f.PoisonQueue} {
		if err := p.Visit(ctx, q, judge); err != nil {
			return err
		}
	}
	return nil
}

// parkedListCmd is registrar parked list.
type parkedListCmd struct {
	parkedFlags
	JSON bool `name:"json" help:"JSON Lines, one for each message; bodies in base64."`
}

// Run lists parked messages without their bodies.
func (c *parkedListCmd) Run(ctx context.Context, env Env) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	n := 0
	err := c.look(ctx, func(m amqpbridge.ParkedMessage) amqpbridge.Disposition {
		if c.JSON {
			_ = printJSON(env.Stdout, m) // standard error is the last resort
			return amqpbridge.Keep
		}
		if n++; n == 1 {
			_, _ = fmt.Fprintln(w, "ID\tQUEUE\tFLOW\tTRIES\tBYTES\tKEY\tREASON") // Flush returns the error
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", m.ID, m.Queue, m.Consumer, m.Tries, len(m.Body), m.Key, m.Reason)
		return amqpbridge.Keep
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		return err
	}
	if n == 0 && !c.JSON {
		return printf(env.Stderr, "no parked messages\n")
	}
	return nil
}

// parkedShowCmd is registrar parked show.
type parkedShowCmd struct {
	parkedFlags
	ID string `arg:"" help:"ID of the message, see parked list."`
}

// Run prints one parked message.
func (c *parkedShowCmd) Run(ctx context.Context, env Env) error {
	var found *amqpbridge.ParkedMessage
	err := c.look(ctx, func(m amqpbridge.ParkedMessage) amqpbridge.Disposition {
		if m.ID == c.ID {
			found = &m
		}
		return amqpbridge.Keep
	})
	switch {
	case err != nil:
		return err
	case found == nil:
		return fmt.Errorf("no parked message has the ID %s", c.ID)
	}
	return printf(env.Stdout, "%s\n  queue     %s\n  flow      %s\n  tries     %d\n  reason    %s\n  exchange  %s\n  key       %s\n  type      %s\n\n%s\n",
		found.ID, found.Queue, found.Consumer, found.Tries, found.Reason, found.Exchange, found.Key, found.ContentType, found.Text())
}

// selection selects parked messages.
type selection struct {
	parkedFlags
	All bool     `help:"Select all."`
	IDs []string `arg:"" optional:"" name:"id" help:"IDs of the messages, see parked list."`
}

func (c *selection) each(ctx context.Context, env Env, v amqpbridge.Disposition, done string) error {
	if c.All == (len(c.IDs) > 0) {
		return usage{errors.New("give IDs or --all")}
	}
	left := slices.Clone(c.IDs)
	n := 0
	err := c.look(ctx, func(m amqpbridge.ParkedMessage) amqpbridge.Disposition {
		if !c.All && !slices.Contains(c.IDs, m.ID) {
			return amqpbridge.Keep
		}
		left = slices.DeleteFunc(left, func(id string) bool { return id == m.ID })
		n++
		return v
	})
	if err != nil {
		return err
	}
	if err := printf(env.Stdout, "%s %s\n", count(n, "message"), done); err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("not parked: %s", strings.Join(left, " "))
	}
	return nil
}

type (
	// The commands registrar parked retry and drop.
	parkedRetryCmd struct{ selection }
	parkedDropCmd  struct{ selection }
)

// Run publishes messages again.
func (c *parkedRetryCmd) Run(ctx context.Context, env Env) error {
	return c.each(ctx, env, amqpbridge.Retry, "published again")
}

// Run deletes messages.
func (c *parkedDropCmd) Run(ctx context.Context, env Env) error {
	return c.each(ctx, env, amqpbridge.Drop, "deleted")
}
