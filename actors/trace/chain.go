package trace

// Index finds events by ID and by cause. It is not safe for concurrent use.
type Index struct {
	events   []Event
	byID     map[ID]int   // the message, or the start, with an ID
	children map[ID][]int // the events that an ID caused

	handled map[string][]int // handled messages by process; built on first use
}

// NewIndex indexes a list of events. The list must not change while the Index is in use.
func NewIndex(events []Event) *Index {
	x := &Index{events: events, byID: map[ID]int{}, children: map[ID][]int{}}
	for i, e := range events {
		if e.ID != 0 {
			x.byID[e.ID] = i
		}
		if e.Cause != 0 {
			x.children[e.Cause] = append(x.children[e.Cause], i)
		}
	}
	return x
}

// Find returns the position of the message, or of the start, with this ID.
func (x *Index) Find(id ID) (i int, ok bool) {
	i, ok = x.byID[id]
	return i, ok
}

// Event returns event i of the list.
func (x *Index) Event(i int) Event { return x.events[i] }

// selection is a set of positions in the list.
type selection map[int]bool

// addCauses adds the direct and indirect causes of event i and returns the first of them. Causes
// that were read from a file can form a cycle; the walk ends at the first event that is selected
// already.
func (x *Index) addCauses(i int, sel selection) (root int) {
	for {
		cause, ok := x.byID[x.events[i].Cause]
		if !ok || sel[cause] {
			return i
		}
		sel[cause] = true
		i = cause
	}
}

// addEffects adds the direct and indirect effects of event i, but does not go through events
// that follow rejects. Visited holds the events whose effects were added already.
func (x *Index) addEffects(i int, sel, visited selection, follow func(Event) bool) {
	if visited[i] || x.events[i].ID == 0 {
		return
	}
	visited[i] = true
	for _, j := range x.children[x.events[i].ID] {
		if follow(x.events[j]) {
			sel[j] = true
			x.addEffects(j, sel, visited, follow)
		}
	}
}

// addCommits adds the commit of each selected store operation. A commit has as its cause the first
// operation of its batch, which may be unrelated to the selection.
func (x *Index) addCommits(sel selection) {
	for i, e := range x.events {
		if e.Kind == Commit && !sel[i] && x.batchSelected(i, sel) {
			sel[i] = true
		}
	}
}

// batchSelected reports whether a message of the batch that ends with commit i is selected.
func (x *Index) batchSelected(i int, sel selection) bool {
	process := x.events[i].Process
	for j := i - 1; j >= 0; j-- {
		e := x.events[j]
		if e.Process != process {
			continue
		}
		if e.Kind == Commit {
			return false
		}
		if sel[j] && e.Kind == Message {
			return true
		}
	}
	return false
}

func (x *Index) list(sel selection) []Event {
	var out []Event
	for i, e := range x.events {
		if sel[i] {
			out = append(out, e)
		}
	}
	return out
}

// Chain returns the events connected with one message: its causes, and all effects of the first
// cause. It returns nil if the message is not among the events.
func Chain(events []Event, id ID) []Event {
	x := NewIndex(events)
	i, ok := x.byID[id]
	if !ok {
		return nil
	}
	sel := selection{i: true}
	x.addEffects(x.addCauses(i, sel), sel, selection{}, func(Event) bool { return true })
	x.addCommits(sel)
	return x.list(sel)
}
