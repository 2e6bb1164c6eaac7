package persistence_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// forget drops the file from the page cache, so that it is read from disk again.
func forget(b *testing.B, dir string, cold bool) {
	b.Helper()
	if !cold {
		return
	}
	f, err := os.Open(filepath.Join(dir, "registrations.db"))
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// commits returns the number of the writer's commits.
func (s *store) commits() (n int) {
	s.t.Helper()
	info, err := s.app.Inspect(context.Background(), "registrations/writer")
	if err != nil {
		s.t.Fatal(err)
	}
	text := fmt.Sprintf("%+v", info.BehaviourState)
	if _, err := fmt.Sscanf(text[strings.Index(text, "Commits:"):], "Commits:%d}", &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}
