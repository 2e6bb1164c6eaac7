package persistence

import (
	"sync/atomic"
)

// health is the shared status of a file.
type health struct {
	trouble  atomic.Pointer[string]
	commits  atomic.Uint64
	failures atomic.Uint64
}

// Trouble returns why writes are refused or reads fail; empty if neither.
func (h *health) Trouble() string {
	if text := h.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

// Commits returns the number of commits since the store was created.
func (h *health) Commits() uint64 { return h.commits.Load() }

// Failures returns how many times the file left the ok state since the store was created.
func (h *health) Failures() uint64 { return h.failures.Load() }
