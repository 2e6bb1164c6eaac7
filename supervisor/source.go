package supervisor

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// source shows a server to the admin server.
type source struct{ *Server }

// Samples returns the counts in the console's words.
func (s source) Samples() []console.Sample {
	var out []console.Sample
	for _, c := range s.Counts() {
		out = append(out, console.Sample{Flow: c.Flow, Outcome: c.Outcome, Count: c.N})
	}
	return out
}

// Components returns the components of the bridge and the files of the store.
func (s source) Components() []domain.Component { return s.components() }

// Commits counts those of the files.
func (s source) Commits() map[string]uint64 {
	return map[string]uint64{"credentials.db": s.rooms.credentials.Commits(), "registrations.db": s.rooms.registrations.Commits()}
}

// Processes counts the tree.
func (s source) Processes() (up int, restarts uint64) {
	var walk func(n otp.Node)
	walk = func(n otp.Node) {
		up += 1 + n.Dynamic
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(s.Tree())
	return up, s.Restarts()
}
