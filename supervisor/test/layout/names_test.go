package layout_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	// link is a doc link: [Name], [*Name], [pkg.Name], [Type.Method].
	link = regexp.MustCompile(`\[\*?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\](?:[^(:]|$)`)
	// mixed is a word in mixed capitals, which prose has no other use for.
	mixed = regexp.MustCompile(`(?:^|[^\w./'-])([a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)(?:[^\w/'-]|$)`)
	word  = regexp.MustCompile(`[A-Za-z_]\w*`)
)

// properNames are words in mixed capitals that name products, protocols and fields of others.
func properNames() []string {
	return []string{
		"KiB", "MiB", "GiB", "TiB", "TestX",
		"CouchDB", "FreeSWITCH", "GitHub", "JsSIP", "OpenTelemetry", "PostgreSQL", "RabbitMQ", "ShiViz", "SQLite", "SIPp", "macOS",
	}
}

// source is all Go code of the module, as far as names go.
type source struct {
	fset  *token.FileSet
	files map[string]*ast.File
	known map[string]bool // identifiers, and the words of string literals
	other map[string]bool // names of packages that are not of this module
}

func parse(t *testing.T) source {
	t.Helper()
	s := source{fset: token.NewFileSet(), files: map[string]*ast.File{}, known: map[string]bool{}, other: map[string]bool{}}
	err := filepath.WalkDir("../../..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2):
			return filepath.SkipDir
		case filepath.Ext(name) != ".go":
			return nil
		}
		f, err := parser.ParseFile(s.fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		s.files[name] = f
		s.learn(f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range properNames() {
		s.known[n] = true
	}
	return s
}

func (s *source) learn(f *ast.File) {
	for _, i := range f.Imports {
		if imported, err := strconv.Unquote(i.Path.Value); err == nil && !isOurs(imported) {
			s.other[path.Base(imported)] = true
			if i.Name != nil {
				s.other[i.Name.Name] = true
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			s.known[n.Name] = true
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				for _, w := range word.FindAllString(n.Value, -1) {
					s.known[w] = true
				}
			}
		}
		return true
	})
}

// unknownNames lists the names in a comment that are nowhere in the code.
func (s *source) unknownNames(text string) (names []string) {
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if first, _, qualified := strings.Cut(m[1], "."); qualified && s.other[first] {
			continue // documented elsewhere
		}
		for part := range strings.SplitSeq(m[1], ".") {
			if !s.known[part] {
				names = append(names, m[1])
				break
			}
		}
	}
	for _, m := range mixed.FindAllStringSubmatch(text, -1) {
		if !s.known[m[1]] && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// Comments name types, functions and fields that exist.
func TestCommentsNameWhatExists(t *testing.T) {
	s := parse(t)
	comments := 0
	for _, f := range s.files {
		for _, group := range f.Comments {
			comments++
			for _, name := range s.unknownNames(group.Text()) {
				t.Errorf("%s: %s is not in the code", s.fset.Position(group.Pos()), name)
			}
		}
	}
	if comments < 1000 {
		t.Errorf("only %d comments were read", comments)
	}
}

// The check finds names that are gone, and takes no prose for a name.
func TestUnknownNames(t *testing.T) {
	s := source{known: map[string]bool{"Ref": true, "Tell": true, "onAttach": true, "RabbitMQ": true, "otp": true}}
	for text, want := range map[string]string{
		"Tell sends to a [Ref], see [otp.Ref.Tell] and onAttach.":   "",
		"RabbitMQ keeps it (RFC 3261 10.3) over TCP, TLS and IPv6.": "",
		"See [Reff].":               "Reff",
		"See [otp.Gone].":           "otp.Gone",
		"onDetach closes it.":       "onDetach",
		"Of a NewThing, or none.":   "NewThing",
		"A [text](https://a.b/cD).": "",
	} {
		if got := strings.Join(s.unknownNames(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
