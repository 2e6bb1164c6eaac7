package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

const envPrefix = "REGISTRAR_"

// settings resolves flags that are not on the command line: from the environment, else from the
// file.
type settings struct {
	env  Env
	file map[string]any
}

// readSettings reads the file of --config or REGISTRAR_CONFIG.
func readSettings(env Env, args []string) (*settings, error) {
	s := &settings{env: env}
	path := configPath(env, args)
	if path == "" {
		return s, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // a path of the operator.
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("settings %s: not YAML of the form name: value", path)
	}
	s.file = make(map[string]any, len(file))
	for name, v := range file {
		s.file[strings.ReplaceAll(name, "_", "-")] = v // not_found is not-found
	}
	return s, nil
}

func configPath(env Env, args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	path, _ := env.Lookup(envPrefix + "CONFIG")
	return path
}

// Validate rejects names in the file that are not flags, so that a misspelt setting is noticed.
func (s *settings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(n kong.Visitable, next kong.Next) error {
		if f, ok := n.(*kong.Flag); ok {
			known[f.Name] = true
		}
		return next(nil)
	})
	for name := range s.file {
		if !known[name] {
			return fmt.Errorf("settings: there is no setting %q", name)
		}
	}
	return nil
}

// fromEnv looks a flag up in the environment.
func (s *settings) fromEnv(f *kong.Flag) (string, bool) {
	v, ok := s.env.Lookup(envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
	return v, ok && v != ""
}

// source returns the source of a flag's value.
func (s *settings) source(k *kong.Context, f *kong.Flag) string {
	for _, p := range k.Path {
		if p.Flag == f && !p.Resolved {
			return "command line"
		}
	}
	if _, ok := s.fromEnv(f); ok {
		return "environment"
	}
	if _, ok := s.file[f.Name]; ok {
		return "file"
	}
	return "default"
}

// Resolve looks a flag up.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	if v, ok := s.fromEnv(f); ok {
		return v, nil
	}
	switch v := s.file[f.Name].(type) {
	case nil:
		return nil, nil //nolint:nilnil // kong's value of an unresolved flag.
	case []any:
		parts := make([]string, 0, len(v))
		for _, p := range v {
			parts = append(parts, fmt.Sprint(p))
		}
		return strings.Join(parts, ","), nil
	default:
		return fmt.Sprint(v), nil
	}
}
