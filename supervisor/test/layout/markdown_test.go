package layout_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// target is the target of a Markdown link.
	target = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// filePath is the path of a file in the module, as code.
	filePath = regexp.MustCompile("`((?:actors|amqpbridge|persistence|supervisor)/[\\w/.-]+\\.(?:go|md|tmpl))`")
)

// Relative links of the documentation lead to files that exist, and README has at most 150 lines.
func TestDocumentationLinks(t *testing.T) {
	links := 0
	err := filepath.WalkDir("../../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".md" || strings.Contains(name, "/testdata/") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if n := strings.Count(string(text), "\n"); filepath.Base(filepath.Dir(name)) == ".." && n > 150 {
			t.Errorf("%s has %d lines", name, n)
		}
		for _, m := range filePath.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join("../../..", m[1])); err != nil && !strings.Contains(string(text), m[1]+"` (new)") {
				t.Errorf("%s: %s does not exist", name, m[1])
			}
		}
		for _, m := range target.FindAllStringSubmatch(string(text), -1) {
			file, _, _ := strings.Cut(m[1], "#")
			if file == "" || strings.Contains(file, "://") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), file)); err != nil {
				t.Errorf("%s: %s does not exist", name, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 10 {
		t.Errorf("only %d links were checked", links)
	}
}
