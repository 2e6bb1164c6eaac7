package trace

import (
	"cmp"
	"slices"
)

// Sort sorts events by time. At equal times, which a simulated clock makes frequent, a cause
// precedes its effects, and the messages of one incarnation keep the order in which they were
// handled.
func Sort(events []Event) {
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Or(cmp.Compare(a.at, b.at), a.Time.Compare(b.Time)) })
	for i := 0; i < len(events); {
		j := i + 1
		for j < len(events) && events[j].at == events[i].at && events[j].Time.Equal(events[i].Time) {
			j++
		}
		if j-i > 1 {
			byCause(events[i:j])
		}
		i = j
	}
}

// byCause sorts events of equal time topologically; otherwise it keeps their order.
func byCause(group []Event) {
	before := predecessors(group)
	pending := make([]int, len(group))
	successors := make([][]int, len(group))
	for i, list := range before {
		pending[i] = len(list)
		for _, p := range list {
			successors[p] = append(successors[p], i)
		}
	}
	var ready []int
	for i, n := range pending {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	out := make([]Event, 0, len(group))
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		out = append(out, group[i])
		for _, next := range successors[i] {
			if pending[next]--; pending[next] == 0 {
				ready = append(ready, next)
			}
		}
	}
	if len(out) == len(group) { // else the causes form a cycle: not from a recorder
		copy(group, out)
	}
}

// predecessors returns, for each event, the positions of the events that precede it.
func predecessors(group []Event) [][]int {
	x := NewIndex(group)
	before := make([][]int, len(group))
	byProcess := map[string][]int{}
	for i, e := range group {
		if p, ok := x.byID[e.Cause]; ok && p != i {
			before[i] = append(before[i], p)
		}
		if e.ID != 0 {
			byProcess[e.Process] = append(byProcess[e.Process], i)
		}
	}
	for _, list := range byProcess {
		slices.SortFunc(list, func(a, b int) int { return cmp.Compare(group[a].ID, group[b].ID) })
		for n := 1; n < len(list); n++ {
			before[list[n]] = append(before[list[n]], list[n-1])
		}
	}
	return before
}
