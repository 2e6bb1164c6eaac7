package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// exampleCmd is registrar example-config.
type exampleCmd struct{}

const exampleHead = `# Settings of a registrar. Every flag of registrar serve is a setting here, under
# the same name. A flag on the command line overrides the environment (REGISTRAR_
# and the name in capitals, with _ for -), and that overrides this file. Only data
# and amqp are required; the other values below are the defaults.
# Check a file with: registrar check-config --config FILE
`

// exampleWidth is the width of the comments.
const exampleWidth = 80

// Run prints every setting of serve with its help text and its default.
func (*exampleCmd) Run(k *kong.Context, env Env) error {
	var b strings.Builder
	b.WriteString(exampleHead)
	flags := slices.DeleteFunc(slices.Clone(command(k.Model, "serve").Flags), func(f *kong.Flag) bool { return !isSetting(f) })
	slices.SortStableFunc(flags, func(a, b *kong.Flag) int { // those of no group first
		return cmp.Compare(min(len(groupOf(a)), 1), min(len(groupOf(b)), 1))
	})
	group := ""
	for _, f := range flags {
		if title := groupOf(f); title != group {
			group = title
			fmt.Fprintf(&b, "\n## %s\n", title)
		}
		fmt.Fprintf(&b, "\n%s%s:%s\n", comment(f.Help), f.Name, exampleValue(f))
	}
	return printf(env.Stdout, "%s", b.String())
}

func groupOf(f *kong.Flag) string {
	if f.Group == nil {
		return ""
	}
	return f.Group.Title
}

// comment breaks a text into comment lines.
func comment(text string) string {
	var b strings.Builder
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > exampleWidth {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

// exampleValue returns the YAML of a default, or of the tag example of a flag that has none.
func exampleValue(f *kong.Flag) string {
	value := f.Default
	if example := f.Tag.Get("example"); example != "" {
		value = example
	}
	switch {
	case f.IsSlice():
		return "\n  - " + strings.ReplaceAll(value, ",", "\n  - ")
	case value == "":
		return ` ""`
	}
	return " " + value
}
