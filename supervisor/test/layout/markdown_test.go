package layout_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// target is the target of a Markdown link.
var target = regexp.MustCompile(`\]\(([^)\s]+)\)`)

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
