package cli

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"registrar/actors/fault"
	"registrar/amqpbridge/link/rabbit"
	"registrar/supervisor"
)

// serveFlags are the settings of a serving registrar. A setting has the same name as a flag, in
// the file and, with REGISTRAR_ in front, in the environment.
type serveFlags struct {
	dataFlag
	keyFlag
	brokerFlags
	LogLevel    string `help:"Log level: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat   string `help:"Log format: json, or console for reading." enum:"json,console" default:"json"`
	AllowFaults bool   `help:"Allow registrar fault and registrar process kill to break this server on purpose. Not for production."`

	Config supervisor.Config `embed:""`
}

// newServeFlags returns the flags with the defaults of [supervisor.DefaultConfig], from which
// [defaultsFromFields] takes them.
func newServeFlags() serveFlags { return serveFlags{Config: supervisor.DefaultConfig()} }

// config returns the supervisor's configuration, or an error that names every invalid setting.
func (f *serveFlags) config(k *kong.Context, env Env, log zerolog.Logger) (supervisor.Config, error) {
	keys, err := f.keys(env)
	broker, unusable := f.link(log.With().Str("component", "link").Logger())
	if err := errors.Join(outOfBounds(k.Flags()), f.validate(), err, unusable); err != nil {
		return supervisor.Config{}, usage{err}
	}
	cfg := f.Config
	cfg.Data, cfg.Link, cfg.Log, cfg.Version, cfg.Keys = f.Data, rabbit.New(broker), log, Version(), keys
	if f.AllowFaults {
		cfg.Faults = &fault.Set{}
	}
	return cfg, nil
}

const nodeLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// validate checks the settings beyond their bounds.
func (f *serveFlags) validate() error {
	var errs []error
	cfg := f.Config
	if _, _, err := net.SplitHostPort(cfg.Admin); cfg.Admin != "" && err != nil {
		errs = append(errs, fmt.Errorf("--admin: %q is not host:port", cfg.Admin))
	}
	if d := cfg.PassivateAfter; d > 0 && d < time.Second {
		errs = append(errs, fmt.Errorf("--passivate-after: %v is less than 1s", d))
	}
	if cfg.Bridge.Node != "" && cfg.Bridge.Canary == 0 {
		errs = append(errs, errors.New("--canary: 0s: a registrar with --node needs a canary"))
	}
	if strings.ContainsFunc(cfg.Bridge.Node, func(r rune) bool { return !strings.ContainsRune(nodeLetters, r) }) {
		errs = append(errs, fmt.Errorf("--node: %q contains other characters than letters, digits, - and _", cfg.Bridge.Node))
	}
	return errors.Join(errs...)
}
