package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/link/rabbit"
	"registrar/supervisor"
)

// stopWithin bounds an ordered stop.
const stopWithin = 30 * time.Second

// serveCmd is registrar serve.
type serveCmd struct {
	dataFlag
	AMQP      []string `required:"" name:"amqp" help:"Broker, amqp://user:password@host:port/vhost; several are tried in turn." placeholder:"URL"`
	Admin     string   `help:"Address of the admin server (/healthz, /readyz, /metrics); empty for none." default:"127.0.0.1:7070"`
	LogLevel  string   `help:"One of debug, info, warn, error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string   `help:"json, or console for people." enum:"json,console" default:"json"`
}

// Run serves until the context ends or the tree gives up.
func (s *serveCmd) Run(ctx context.Context, env Env) error {
	log, err := newLogger(env.Stderr, s.LogLevel, s.LogFormat)
	if err != nil {
		return err
	}
	if err := (rabbit.Config{URLs: s.AMQP}).Validate(); err != nil {
		return usage{err}
	}
	server, err := supervisor.Start(ctx, supervisor.Config{
		Data: s.Data, AMQP: s.AMQP, Admin: s.Admin, Log: log, Version: Version(),
	})
	if err != nil {
		return err //nolint:wrapcheck // it says all there is to say.
	}
	log.Info().Str("version", Version()).Msg("started")
	select {
	case <-ctx.Done():
		log.Info().Msg("stopping")
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		if err := server.Stop(stop); err != nil {
			return err //nolint:wrapcheck // as above.
		}
		log.Info().Msg("stopped")
		return nil
	case <-server.Done():
		return fmt.Errorf("gave up: %w", server.Err())
	}
}

func newLogger(w io.Writer, level, format string) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log level: %w", err)
	}
	if format == "console" {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: true}
	}
	return zerolog.New(w).Level(l).With().Timestamp().Logger(), nil
}
