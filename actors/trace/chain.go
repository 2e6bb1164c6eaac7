package trace

// Index finds events by their id and by their cause. It is for one goroutine.
type Index struct {
	events   []Event
	byID     map[ID]int   // the message, or the start, of that id
	children map[ID][]int // what it has led to

	handled map[string][]int // the messages of each process, once they are asked for
}

// NewIndex indexes a list of events, which must not change as long as the Index is used.
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

// Find returns the place in the list of the message, or the start, with this id.
func (x *Index) Find(id ID) (i int, ok bool) {
	i, ok = x.byID[id]
	return i, ok
}

// Event returns event i of the list.
func (x *Index) Event(i int) Event { return x.events[i] }

// chosen collects events; each is there once.
type chosen map[int]bool

// above adds what has led to an event, and returns where that began. In a file causes may go round: it ends there, too.
func (x *Index) above(i int, in chosen) (root int) {
	for {
		up, ok := x.byID[x.events[i].Cause]
		if !ok || in[up] {
			return i
		}
		in[up] = true
		i = up
	}
}

// below adds what an event has led to, as far as follow lets it. Seen are those below which everything is there already.
func (x *Index) below(i int, in, seen chosen, follow func(Event) bool) {
	if seen[i] || x.events[i].ID == 0 {
		return
	}
	seen[i] = true
	for _, j := range x.children[x.events[i].ID] {
		if follow(x.events[j]) {
			in[j] = true
			x.below(j, in, seen, follow)
		}
	}
}

// commits adds the transaction that each operation of a story ended in: it is caused by the first operation of its batch.
func (x *Index) commits(in chosen) {
	for i, e := range x.events {
		if e.Kind != Commit || in[i] {
			continue
		}
		for j := i - 1; j >= 0; j-- {
			before := x.events[j]
			if before.Process != e.Process {
				continue
			}
			if before.Kind == Commit {
				break
			}
			if in[j] && before.Kind == Message {
				in[i] = true
				break
			}
		}
	}
}

func (x *Index) list(in chosen) []Event {
	var out []Event
	for i, e := range x.events {
		if in[i] {
			out = append(out, e)
		}
	}
	return out
}

// Chain returns everything that belongs to one message: what has led to it, and all that has come of the first of these. Nil means that the message is
// not among the events.
func Chain(events []Event, id ID) []Event {
	x := NewIndex(events)
	i, ok := x.byID[id]
	if !ok {
		return nil
	}
	in := chosen{i: true}
	x.below(x.above(i, in), in, chosen{}, func(Event) bool { return true })
	x.commits(in)
	return x.list(in)
}

// Story returns the events that the filter selects with what has led to each and what has come of it, but for what is about another user or realm: a user's
// whole conversation is one story, across the crashes and restarts in it. Kinds select from the story: a crash is not itself about a question, what has
// led to it is.
func Select(events []Event, f Filter) []Event {
	if f.IsZero() {
		return events
	}
	x := NewIndex(events)
	story, among := f.parts()
	in := x.story(story, func(int) bool { return true })
	if !among.IsZero() {
		all := in
		in = x.story(among, func(i int) bool { return all[i] })
	}
	x.commits(in)
	return x.list(in)
}

// story chooses what the filter selects among some of the events, and what belongs to it.
func (x *Index) story(f Filter, among func(i int) bool) chosen {
	in, seen := chosen{}, chosen{}
	for i, e := range x.events {
		if among(i) && f.Match(e) {
			in[i] = true
			x.above(i, in)
			x.below(i, in, seen, f.ours)
		}
	}
	return in
}
