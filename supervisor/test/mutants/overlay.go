package mutants

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	// condition is the word in a replacement that says whether the mutant is on.
	condition = "MUTANT"
	// selected is the variable that each package with a mutant gets; it holds the name of the
	// mutant that is on.
	selected = "selectedMutant"
	// added is the file with that variable.
	added = "selected_mutant.go"
)

// Overlay writes the sources with all mutants to dir and returns the path of the overlay for the
// go command. The error names every mutant that does not apply any more.
func Overlay(dir string) (file string, err error) {
	all, err := All()
	if err != nil {
		return "", err
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	byFile := map[string][]Mutant{}
	for _, m := range all {
		byFile[m.File] = append(byFile[m.File], m)
	}
	overlay := map[string]string{}
	var failed []error
	for name, ms := range byFile {
		source, err := os.ReadFile(filepath.Join(root, name)) //nolint:gosec // the path of a source file
		if err != nil {
			failed = append(failed, fmt.Errorf("mutant %q: %w", ms[0].Name, err))
			continue
		}
		text, err := apply(string(source), ms)
		failed = append(failed, err)
		overlay[filepath.Join(root, name)] = text
		overlay[filepath.Join(root, path.Dir(name), added)] = selector(text)
	}
	if err := errors.Join(failed...); err != nil {
		return "", err
	}
	return write(dir, overlay)
}

// apply replaces the text of each mutant in the source of a file. Mutants of a file must not
// overlap.
func apply(source string, ms []Mutant) (string, error) {
	type piece struct {
		from, to int
		m        Mutant
	}
	var pieces []piece
	var failed []error
	for _, m := range ms {
		if n := strings.Count(source, m.Find); n != 1 {
			failed = append(failed, fmt.Errorf("mutant %q does not apply any more: %s has its text %d times, want once:\n%s", m.Name, m.File, n, m.Find))
			continue
		}
		at := strings.Index(source, m.Find)
		pieces = append(pieces, piece{at, at + len(m.Find), m})
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	var out strings.Builder
	end := 0
	for i, p := range pieces {
		if p.from < end {
			failed = append(failed, fmt.Errorf("mutants %q and %q overlap in %s", pieces[i-1].m.Name, p.m.Name, p.m.File))
			continue
		}
		out.WriteString(source[end:p.from])
		out.WriteString(strings.ReplaceAll(p.m.Replace, condition, "("+selected+" == "+strconv.Quote(p.m.Name)+")"))
		end = p.to
	}
	out.WriteString(source[end:])
	if err := errors.Join(failed...); err != nil {
		return "", err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), ms[0].File, out.String(), parser.SkipObjectResolution); err != nil {
		return "", fmt.Errorf("a mutant breaks the syntax: %w", err)
	}
	return out.String(), nil
}

// selector returns the file that declares the selected mutant in the package of a source.
func selector(source string) string {
	f, err := parser.ParseFile(token.NewFileSet(), "", source, parser.PackageClauseOnly)
	if err != nil {
		return "" // apply has reported it
	}
	return fmt.Sprintf("package %s\n\nimport \"os\"\n\nvar %s = os.Getenv(%q)\n", f.Name.Name, selected, Variable)
}

// write writes the sources and the overlay that puts them in the place of the module's.
func write(dir string, sources map[string]string) (file string, err error) {
	replace := map[string]string{}
	for name, text := range sources {
		replace[name] = filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(replace[name], []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("write mutants: %w", err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("encode overlay: %w", err)
	}
	file = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	return file, nil
}

// moduleRoot returns the closest parent of the working directory with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find module: no go.mod in any parent directory")
		}
		dir = parent
	}
}
