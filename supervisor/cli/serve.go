package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"registrar/supervisor"
)

// stopTimeout bounds an ordered stop.
const stopTimeout = 30 * time.Second

// serveCmd is registrar serve.
type serveCmd struct{ serveFlags }

// Run serves until the context ends or the tree gives up.
func (s *serveCmd) Run(ctx context.Context, k *kong.Context, env Env) error {
	log, err := newLogger(env.Stderr, s.LogLevel, s.LogFormat)
	if err != nil {
		return err
	}
	cfg, err := s.config(k, env, log)
	if err != nil {
		return err
	}
	server, err := supervisor.Start(ctx, cfg)
	if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(err, cause) {
		log.Info().Msg("stopped before the start was complete")
		return nil
	}
	if err != nil {
		return err
	}
	log.Info().Str("version", Version()).Msg("started")
	select {
	case <-ctx.Done():
		log.Info().Msg("stopping")
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := server.Stop(stop); err != nil {
			return err
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
