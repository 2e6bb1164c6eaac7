package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/demo"
	"registrar/supervisor/demo/fleet"
)

// loadCmd is registrar load.
type loadCmd struct {
	brokerFlags
	Realm      []string      `required:"" help:"Realms of the users, in equal parts." placeholder:"REALM"`
	Users      int           `help:"Number of simulated phones. The users of a realm are 1000, 1001, …; provision them first." default:"100"`
	Rate       float64       `help:"Steps of phones a second: an authn and a registration, a query, or an unregistration." default:"100"`
	Duration   time.Duration `help:"Duration of the load." default:"10s"`
	InFlight   int           `help:"Maximum number of concurrent steps; a step that cannot start in time is skipped and counted." default:"256"`
	Generation string        `help:"Generation of the simulated switch: whistle, kazoo3, kazoo4 or kazoo5." enum:"whistle,kazoo3,kazoo4,kazoo5" default:"kazoo5"`
	Lifetime   time.Duration `help:"Lifetime of the registrations." default:"1h"`
	Verify     bool          `help:"Query every phone at the end, and fail if a registration is lost or wrong."`
	Seed       uint64        `help:"Seed of all random choices." default:"1"`
	JSON       bool          `name:"json" help:"Print the result as one JSON object; progress goes to standard error."`
}

// Validate rejects numbers that are out of range.
func (c *loadCmd) Validate() error {
	if c.Users < len(c.Realm) || c.Rate <= 0 || c.Duration <= 0 || c.InFlight < 1 || c.Lifetime < time.Second {
		return errors.New("users, rate, duration, inflight and lifetime have to be positive, and each realm needs a user")
	}
	return nil
}

// loadResult is the output of --json. Latencies are in microseconds.
type loadResult struct {
	Offered    float64         `json:"offered_per_second"`
	Seconds    float64         `json:"seconds"`
	Late       uint64          `json:"steps_left_out"`
	Operations []loadOperation `json:"operations"`
	Lost       *int            `json:"lost,omitempty"`
	WrongShown *int            `json:"wrongly_shown,omitempty"`
}

type loadOperation struct {
	Operation fleet.Operation `json:"operation"`
	Rate      float64         `json:"per_second"`
	Done      uint64          `json:"done"`
	Wrong     uint64          `json:"wrong"`
	Timeouts  uint64          `json:"timeouts"`
	Errors    uint64          `json:"errors"`
	P50       int64           `json:"p50_us"`
	P90       int64           `json:"p90_us"`
	P99       int64           `json:"p99_us"`
	P999      int64           `json:"p99_9_us"`
	Max       int64           `json:"max_us"`
}

// Run loads the registrars of a broker and prints the figures. It fails when no request is
// answered.
func (c *loadCmd) Run(ctx context.Context, env Env) (err error) {
	link, err := c.link(zerolog.Nop())
	if err != nil {
		return err
	}
	name := fmt.Sprintf("registrar-load-%d-%d", os.Getpid(), time.Now().UnixNano())
	sw, err := client.Connect(ctx, rabbit.New(link), client.Config{Name: name, App: "registrar", Version: Version(), Generation: c.generation()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sw.Close(context.WithoutCancel(ctx))) }()
	f := fleet.New(fleet.Config{
		Switch: sw, Realms: c.Realm, Phones: c.Users, Rate: c.Rate, InFlight: c.InFlight, Lifetime: c.Lifetime, Seed: c.Seed,
	})
	busy, cancel := context.WithTimeout(ctx, c.Duration)
	defer cancel()
	began, ended := time.Now(), make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(busy)
	}()
	err = demo.NewProgress(env.Stderr, f, nil).Run(busy)
	cancel()
	<-ended
	if err != nil {
		return err
	}
	return c.report(ctx, env, f, time.Since(began))
}

func (c *loadCmd) generation() wire.Generation {
	return map[string]wire.Generation{"whistle": wire.Whistle, "kazoo3": wire.Kazoo3, "kazoo4": wire.Kazoo4, "kazoo5": wire.Kazoo5}[c.Generation]
}

func (c *loadCmd) report(ctx context.Context, env Env, f *fleet.Fleet, took time.Duration) error {
	res := loadResult{Offered: c.Rate, Seconds: took.Seconds(), Late: f.Late()}
	done := uint64(0)
	figures := f.Total()
	for _, x := range figures {
		done += x.Done
		res.Operations = append(res.Operations, loadOperation{
			Operation: x.Operation, Rate: float64(x.Done) / took.Seconds(), Done: x.Done, Wrong: x.Wrong, Timeouts: x.Timeouts, Errors: x.Errors,
			P50: x.P50.Microseconds(), P90: x.P90.Microseconds(), P99: x.P99.Microseconds(), P999: x.P999.Microseconds(), Max: x.Max.Microseconds(),
		})
	}
	var failed error
	if c.Verify {
		within, cancel := context.WithTimeout(ctx, fleet.SettledWithin)
		defer cancel()
		v := f.Verify(within)
		if res.Lost, res.WrongShown = &v.Lost, &v.Wrong; v.Lost+v.Wrong > 0 {
			failed = fmt.Errorf("registrations are lost (%d of %d) or wrong (%d): %v", v.Lost, v.Checked, v.Wrong, v.Examples)
		}
	}
	if done == 0 {
		failed = errors.New("no reply to any request")
	}
	return errors.Join(c.print(env, res, figures, took), failed)
}

func (c *loadCmd) print(env Env, res loadResult, figures []fleet.Figures, took time.Duration) error {
	if c.JSON {
		return printJSON(env.Stdout, res)
	}
	if err := demo.WriteFigures(env.Stdout, figures, took); err != nil {
		return err
	}
	if err := printf(env.Stdout, "offered: %.1f steps a second for %.1f s; skipped: %d\n", res.Offered, res.Seconds, res.Late); err != nil || res.Lost == nil {
		return err
	}
	return printf(env.Stdout, "registrations: %d; lost: %d; wrong: %d\n", c.Users, *res.Lost, *res.WrongShown)
}
