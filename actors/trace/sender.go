package trace

import (
	"sort"
	"time"
)

// Sender returns the name of the process that sent message i of the list. It is empty if the
// events do not show it.
func (x *Index) Sender(i int) string {
	e := x.events[i]
	if e.From != "" {
		return e.From
	}
	up, ok := x.byID[e.Cause]
	if !ok || e.Kind == Timer {
		return ""
	}
	sender := x.events[up].Process
	if e.Kind != Completion || sender != e.Process {
		return sender
	}
	return x.completer(e)
}

// completer returns the process that did the work of a completion. The candidates are the
// processes that got a message in the same cause; of several, it is the one that was busy when
// the completion was sent.
func (x *Index) completer(e Event) (name string) {
	sent := e.Time.Add(-e.Wait)
	candidates := map[string]bool{}
	for _, j := range x.children[e.Cause] {
		if s := x.events[j]; s.Process != e.Process && s.Kind.Handled() && !s.Time.After(sent) {
			candidates[s.Process] = true
			name = s.Process
		}
	}
	if len(candidates) < 2 {
		return name
	}
	last := -1
	for process := range candidates {
		if i := x.handling(process, sent); i > last {
			last, name = i, process
		}
	}
	return name
}

// handling returns the message that a process was handling at a time, or -1.
func (x *Index) handling(process string, at time.Time) int {
	if x.handled == nil {
		x.handled = map[string][]int{}
		for i, e := range x.events {
			if e.Kind.Handled() {
				x.handled[e.Process] = append(x.handled[e.Process], i)
			}
		}
	}
	list := x.handled[process]
	n := sort.Search(len(list), func(k int) bool { return x.events[list[k]].Time.After(at) })
	if n == 0 || x.events[list[n-1]].End().Before(at) {
		return -1
	}
	return list[n-1]
}
