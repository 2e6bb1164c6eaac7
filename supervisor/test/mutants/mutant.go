package mutants

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/tools/txtar"
)

// Variable is the environment variable with the name of the mutant that is on.
const Variable = "REGISTRAR_MUTANT"

// Mutant is one fault.
type Mutant struct {
	Name    string
	Breaks  string // the promise that the mutant breaks
	File    string // the source file, relative to the module's root
	Package string // the package whose tests catch the mutant, relative to the module's root
	Run     string // the pattern for -run; empty when the simulator catches the mutant
	Slow    bool   // the tests run into a long timeout
	Find    string
	Replace string
}

//go:embed testdata/*.txtar
var files embed.FS

// All returns the mutants in the order of their files.
func All() ([]Mutant, error) {
	paths, err := fs.Glob(files, "testdata/*.txtar")
	if err != nil {
		return nil, fmt.Errorf("list mutants: %w", err)
	}
	var all []Mutant
	names := map[string]string{}
	for _, path := range paths {
		text, err := files.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read mutant: %w", err)
		}
		m, err := parse(txtar.Parse(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if other := names[m.Name]; other != "" {
			return nil, fmt.Errorf("%s: mutant %q is also in %s", path, m.Name, other)
		}
		names[m.Name] = path
		all = append(all, m)
	}
	return all, nil
}

// CaughtBy returns the mutants that the tests of a package catch.
func CaughtBy(pkg string) ([]Mutant, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	var some []Mutant
	for _, m := range all {
		if m.Package == pkg {
			some = append(some, m)
		}
	}
	return some, nil
}

// Env returns the environment entry that turns a mutant on; with an empty name all are off.
func Env(name string) string { return Variable + "=" + name }

func parse(a *txtar.Archive) (m Mutant, err error) {
	var test, slow string
	fields := map[string]*string{"name": &m.Name, "breaks": &m.Breaks, "file": &m.File, "test": &test, "slow": &slow}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		field := fields[key]
		if field == nil {
			return m, fmt.Errorf("unknown header %q", key)
		}
		*field = value
	}
	m.Slow = slow != ""
	m.Package, m.Run, _ = strings.Cut(test, " ")
	sections := map[string]*string{"find": &m.Find, "replace": &m.Replace}
	for _, f := range a.Files {
		section := sections[f.Name]
		if section == nil {
			return m, fmt.Errorf("unknown section %q", f.Name)
		}
		*section = strings.TrimSuffix(string(f.Data), "\n")
	}
	switch {
	case m.Name == "" || m.Breaks == "" || m.File == "" || m.Package == "":
		return m, fmt.Errorf("a header of %q is missing", m.Name)
	case m.Find == "" || !strings.Contains(m.Replace, condition):
		return m, fmt.Errorf("mutant %q needs a text to find and a replacement with %s", m.Name, condition)
	}
	return m, nil
}
