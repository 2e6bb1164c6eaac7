package cli

import (
	"cmp"
	_ "embed" // the example
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed example.yaml
var example string

// checkConfigCmd is registrar check-config.
type checkConfigCmd struct{ serveFlags }

// exampleCmd is registrar example-config.
type exampleCmd struct{}

// Run prints the settings that serve would run with, and where each comes from, or what is wrong with them.
func (c *checkConfigCmd) Run(k *kong.Context, env Env, from *settings) error {
	if _, err := c.config(env, discard()); err != nil {
		return err
	}
	flags := slices.DeleteFunc(k.Flags(), func(f *kong.Flag) bool {
		return f.Name == "help" || f.Name == "version" || f.Name == "config"
	})
	slices.SortStableFunc(flags, func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range flags {
		value := k.FlagValue(f)
		shown := format(value)
		if f.Name == "amqp" {
			shown = redacted(c.AMQP)
		}
		if err := printf(env.Stdout, "%-22s %-28s # %s\n", f.Name+":", shown, from.source(k, f)); err != nil {
			return err
		}
	}
	return printf(env.Stdout, "# usable\n")
}

// Run prints the example.
func (*exampleCmd) Run(env Env) error { return printf(env.Stdout, "%s", example) }

// redacted shows URLs without user and password.
func redacted(urls []string) string {
	shown := make([]string, 0, len(urls))
	for _, u := range urls {
		scheme, rest, _ := strings.Cut(u, "://")
		if _, host, ok := strings.Cut(rest, "@"); ok {
			rest = "…@" + host[strings.LastIndex(host, "@")+1:]
		}
		shown = append(shown, scheme+"://"+rest)
	}
	return strings.Join(shown, ",")
}
