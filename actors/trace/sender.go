package trace

import (
	"sort"
	"time"
)

// Sender returns the name of the process that sent message i of the list, empty when the events do not tell.
func (x *Index) Sender(i int) string {
	e := x.events[i]
	if e.From != "" {
		return e.From
	}
	up, ok := x.byID[e.Cause]
	if !ok || e.Kind == Timer {
		return ""
	}
	asker := x.events[up].Process
	if e.Kind != Completion || asker != e.Process {
		return asker
	}
	return x.doer(e)
}

// doer is who did what a completion is the end of: of those that were asked in the same message the one that was at work when it was sent.
func (x *Index) doer(e Event) (name string) {
	sent := e.Time.Add(-e.Wait)
	asked := map[string]bool{}
	for _, j := range x.children[e.Cause] {
		if s := x.events[j]; s.Process != e.Process && s.Kind.Handled() && !s.Time.After(sent) {
			asked[s.Process] = true
			name = s.Process
		}
	}
	if len(asked) < 2 {
		return name
	}
	last := -1
	for process := range asked {
		if i := x.atWork(process, sent); i > last {
			last, name = i, process
		}
	}
	return name
}

// atWork returns the message that a process had in hand at a time, -1 for none.
func (x *Index) atWork(process string, at time.Time) int {
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
