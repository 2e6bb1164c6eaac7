package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

func printf(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// printJSON prints a value as one line of JSON.
func printJSON(w io.Writer, v any) error {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// count returns a number and a noun in the singular or the plural.
func count[N int | int64 | uint32 | uint64](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
