package persistence

import (
	"sync/atomic"
)

// health is what a file says of itself to the outside.
type health struct {
	trouble  atomic.Pointer[string]
	commits  atomic.Uint64
	failures atomic.Uint64
}

// Trouble says why writes are refused now, or why nothing can be read; empty when all is well.
func (h *health) Trouble() string {
	if text := h.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

// Commits counts the commits since the store was made.
func (h *health) Commits() uint64 { return h.commits.Load() }

// Failures counts how often the file has come into trouble since the store was made.
func (h *health) Failures() uint64 { return h.failures.Load() }
