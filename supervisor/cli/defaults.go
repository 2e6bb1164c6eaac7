package cli

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// defaultsFromFields is a kong option. It takes the defaults of the commands' flags from the
// values that the flags' fields have when the parser is built, so that help, parsing and
// example-config share them.
func defaultsFromFields(commands ...string) kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		for _, name := range commands {
			for _, f := range command(k.Model, name).Flags {
				emptyText := f.Target.Kind() == reflect.String && f.Target.Len() == 0
				if f.HasDefault || f.Required || emptyText {
					continue
				}
				f.Default, f.HasDefault = format(f.Target.Interface()), true
				f.Enum = f.Tag.Get("oneof") // kong's own tag enum demands a default beside it
			}
		}
		return nil
	})
}

// command returns a command by its name.
func command(app *kong.Application, name string) *kong.Node {
	for _, n := range app.Children {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// outOfBounds returns an error for every flag out of the bounds of its tags min and max. They
// bound numbers, durations and the length of texts in bytes.
func outOfBounds(flags []*kong.Flag) error {
	var errs []error
	for _, f := range flags {
		least, most := f.Tag.Get("min"), f.Tag.Get("max")
		if least == "" && most == "" {
			continue
		}
		value, unit := size(f.Target)
		low, high := least != "" && value < bound(least), most != "" && value > bound(most)
		if !low && !high {
			continue
		}
		shown := format(f.Target.Interface()) + unit
		switch {
		case least != "" && most != "":
			errs = append(errs, fmt.Errorf("--%s: %s is not between %s and %s", f.Name, shown, least, most))
		case low:
			errs = append(errs, fmt.Errorf("--%s: %s is less than %s", f.Name, shown, least))
		default:
			errs = append(errs, fmt.Errorf("--%s: %s is more than %s", f.Name, shown, most))
		}
	}
	return errors.Join(errs...)
}

// size returns the number that bounds apply to, and the words that follow a value which is out of
// them.
func size(v reflect.Value) (n int64, unit string) {
	if v.Kind() == reflect.String {
		return int64(v.Len()), fmt.Sprintf(" (%d bytes)", v.Len())
	}
	return v.Int(), ""
}

// bound parses a bound of a tag, a number or a duration.
func bound(text string) int64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(fmt.Sprintf("bound %q of a flag is neither a number nor a duration", text)) // a tag in the source
	}
	return int64(d)
}

// format returns the value of a setting as it is written in the file.
func format(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ",")
	case time.Duration:
		text := v.String()
		for _, zero := range []string{"m0s", "h0m"} { // 720h0m0s is 720h
			if strings.HasSuffix(text, zero) {
				text = strings.TrimSuffix(text, zero[1:])
			}
		}
		return text
	case string:
		if v == "" {
			return `""`
		}
	}
	return fmt.Sprint(v)
}
