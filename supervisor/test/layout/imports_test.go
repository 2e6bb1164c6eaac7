package layout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "registrar"

// goPackage is a part of the output of "go list -json".
type goPackage struct {
	ImportPath                         string
	Dir                                string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// list runs "go list -json" in the module's root.
func list(t *testing.T, args ...string) (all []goPackage) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json"}, args...)...)
	cmd.Dir = "../../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// layers are the folders at the top from the lowest to the highest. A package imports packages of
// its own layer and of lower ones; amqpbridge and persistence do not import each other.
func layer(path string) (name string, height int) {
	path = strings.TrimSuffix(path, "_test")
	if path == module {
		return "main", 3
	}
	name, _, _ = strings.Cut(strings.TrimPrefix(path, module+"/"), "/")
	return name, map[string]int{"actors": 0, "persistence": 1, "amqpbridge": 1, "supervisor": 2}[name]
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// Imports point one way, main → supervisor → {amqpbridge, persistence} → actors, in tests as well.
func TestImportsPointOneWay(t *testing.T) {
	for _, p := range list(t, "./...") {
		from, height := layer(p.ImportPath)
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if !isOurs(imported) {
				continue
			}
			to, h := layer(imported)
			if h > height || h == height && to != from {
				t.Errorf("%s imports %s: %s must not import %s", p.ImportPath, imported, from, to)
			}
		}
	}
}

// isTestOnly reports whether a package exists for tests alone: its name ends in "test", or it is
// below supervisor/test.
func isTestOnly(path string) bool {
	return isOurs(path) && (strings.HasSuffix(path, "test") || strings.HasPrefix(path, module+"/supervisor/test/"))
}

// testLibraries are modules that only tests and packages for tests import.
func testLibraries() []string {
	return []string{
		"github.com/google/go-cmp", "github.com/hanwen/go-fuse",
		"github.com/rogpeppe/go-internal", "go.uber.org/goleak", "pgregory.net/rapid", "testing",
	}
}

// The binary holds no package and no library that exists for tests.
func TestBinaryHasNoTestPackages(t *testing.T) {
	deps := list(t, "-deps", ".")
	if len(deps) < 100 {
		t.Fatalf("go list -deps names %d packages only", len(deps))
	}
	for _, p := range deps {
		library := slices.ContainsFunc(testLibraries(), func(l string) bool {
			return p.ImportPath == l || strings.HasPrefix(p.ImportPath, l+"/")
		})
		if isTestOnly(p.ImportPath) || library {
			t.Errorf("%s is in the binary", p.ImportPath)
		}
	}
}

// Each foreign library with a contract of its own has one importer.
func TestLibrariesHaveOneImporter(t *testing.T) {
	owners := map[string]string{
		"go.etcd.io/bbolt":                     module + "/persistence",
		"github.com/rabbitmq/amqp091-go":       module + "/amqpbridge/link/rabbit",
		"github.com/asynkron/protoactor-go/":   module + "/actors/otp",
		"github.com/alecthomas/kong":           module + "/supervisor/cli",
		"github.com/prometheus/client_golang/": module + "/supervisor/console",
		"go.opentelemetry.io/":                 module + "/supervisor/traceview/otlp",
	}
	seen := map[string]bool{}
	for _, p := range list(t, "./...") {
		for _, imported := range p.Imports {
			for library, owner := range owners {
				if imported != strings.TrimSuffix(library, "/") && !strings.HasPrefix(imported, strings.TrimSuffix(library, "/")+"/") {
					continue
				}
				seen[library] = true
				if p.ImportPath != owner && !strings.HasPrefix(p.ImportPath, owner+"/") {
					t.Errorf("%s imports %s; only %s may", p.ImportPath, imported, owner)
				}
			}
		}
	}
	if len(seen) != len(owners) {
		t.Errorf("only %d of %d libraries are imported at all: %v", len(seen), len(owners), seen)
	}
}

// Every package has a doc.go with its contract, and no folder but the fixed ones is at the top.
func TestEveryPackageHasDoc(t *testing.T) {
	for _, p := range list(t, "./...") {
		if p.ImportPath == module || len(p.GoFiles) == 0 {
			continue
		}
		if !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("%s has no doc.go", p.ImportPath)
		}
	}
}
