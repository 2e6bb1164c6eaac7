package cli

import (
	"cmp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// checkConfigCmd is registrar check-config.
type checkConfigCmd struct{ serveFlags }

// Run prints the settings of serve and the source of each, or every invalid one.
func (c *checkConfigCmd) Run(k *kong.Context, env Env, from *settings) error {
	if _, err := c.config(k, env, discard()); err != nil {
		return err
	}
	flags := slices.DeleteFunc(k.Flags(), func(f *kong.Flag) bool { return !isSetting(f) })
	slices.SortStableFunc(flags, func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range flags {
		shown := format(k.FlagValue(f))
		if f.Name == "amqp" {
			shown = redacted(c.AMQP)
		}
		if err := printf(env.Stdout, "%-28s %-28s # %s\n", f.Name+":", shown, from.source(k, f)); err != nil {
			return err
		}
	}
	return printf(env.Stdout, "# usable\n")
}

// isSetting tells the settings of serve from the flags of every command.
func isSetting(f *kong.Flag) bool {
	return f.Name != "help" && f.Name != "version" && f.Name != "config"
}

// redacted returns URLs without user and password.
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
