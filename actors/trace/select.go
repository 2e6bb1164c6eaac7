package trace

// Select returns the conversations that match f: each matching event with its causes and its
// effects. Effects that concern another AOR or realm than f asks for are left out. So one filter
// on a user selects the user's conversation across crashes and restarts.
//
// With Kinds, Select first finds the conversations that match the other fields and then, within
// them, the events of these kinds with their causes and effects. A crash has no Msg-ID of its
// own, but it is an effect of a message that has one.
func Select(events []Event, f Filter) []Event {
	if f.IsZero() {
		return events
	}
	x := NewIndex(events)
	conversation, within := f.split()
	sel := x.conversation(conversation, func(int) bool { return true })
	if !within.IsZero() {
		all := sel
		sel = x.conversation(within, func(i int) bool { return all[i] })
	}
	x.addCommits(sel)
	return x.list(sel)
}

// conversation selects the candidates that f matches, with their causes and effects.
func (x *Index) conversation(f Filter, candidate func(i int) bool) selection {
	sel, visited := selection{}, selection{}
	for i, e := range x.events {
		if candidate(i) && f.Match(e) {
			sel[i] = true
			x.addCauses(i, sel)
			x.addEffects(i, sel, visited, f.compatible)
		}
	}
	return sel
}
