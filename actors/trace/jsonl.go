package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// WriteLines writes events as JSON Lines, one object per line; [ReadLines] reads them.
func WriteLines(w io.Writer, events []Event) error {
	e := json.NewEncoder(w)
	for i := range events {
		if err := e.Encode(&events[i]); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
	}
	return nil
}

// maxLine bounds a line in bytes. A line of WriteLines has less than 4 KiB.
const maxLine = 1 << 20

// EachLine calls f with each event until f returns false. An error names the line.
func EachLine(r io.Reader, f func(Event) bool) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	for n := 1; s.Scan(); n++ {
		var e Event
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			return fmt.Errorf("line %d is not an event: %w", n, err)
		}
		if !f(e) {
			return nil
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return nil
}

// ReadLines reads all events and sorts them as by [Sort].
func ReadLines(r io.Reader) (events []Event, err error) {
	err = EachLine(r, func(e Event) bool {
		events = append(events, e)
		return true
	})
	Sort(events)
	return events, err
}
