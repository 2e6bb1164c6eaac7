package otp

import (
	"fmt"
	"strings"
	"time"
)

// Node is a snapshot of one process of the tree.
type Node struct {
	Name string
	// Kind is worker or supervisor. State is up, starting, crashed, restarting, stopping,
	// suspended, abandoned or down.
	Kind, State string
	Epoch       Epoch
	// Restarts counts restarts in place and replacements after an abandonment or an exit.
	Restarts int
	// Since is the age of the current incarnation.
	Since time.Duration
	// Queue is the number of queued messages, Oldest an upper bound of the age of the first.
	// Handling is the type of the message that is being handled, empty if none, and HandlingFor
	// the time since its handling began.
	Queue       int
	Oldest      time.Duration
	Handling    string
	HandlingFor time.Duration
	// Condition says why a running process cannot do its work (no broker, a full disk). The engine
	// leaves it empty; the application sets it.
	Condition string
	// Dynamic is the number of dynamic children.
	Dynamic  int
	Children []Node
}

// Tree returns a snapshot of the tree. It does not wait for any process, so it works while one
// hangs.
func (a *App) Tree() Node { return a.root.node("up") }

// String formats the tree, one process a line.
func (n Node) String() string {
	var b strings.Builder
	n.draw(&b, "")
	return b.String()
}

func (n Node) draw(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s%s %s %s for %v restarts=%d epoch=%v queue=%d", indent, n.Name, n.Kind, n.State, round(n.Since), n.Restarts, n.Epoch, n.Queue)
	if n.Queue > 0 {
		fmt.Fprintf(b, " oldest=%v", round(n.Oldest))
	}
	if n.Handling != "" {
		fmt.Fprintf(b, " handling=%s for %v", n.Handling, round(n.HandlingFor))
	}
	if n.Dynamic > 0 {
		fmt.Fprintf(b, " children=%d", n.Dynamic)
	}
	b.WriteByte('\n')
	for _, c := range n.Children {
		c.draw(b, indent+"  ")
	}
}

func (p *proc) find(name string) *proc {
	if p.name() == name {
		return p
	}
	for _, group := range p.dependants() {
		if found := group.find(name); found != nil {
			return found
		}
	}
	if s, ok := p.body.(*sup); ok {
		for _, c := range s.snapshot() {
			if c.p == nil {
				continue
			}
			if found := c.p.find(name); found != nil {
				return found
			}
		}
	}
	return nil
}

// node returns a snapshot of the process without waiting for it.
func (p *proc) node(state string) Node {
	now := p.sys.clock.Mono()
	p.mu.Lock()
	if state == "" {
		state = p.phase.String()
	}
	n := Node{Name: p.name(), Kind: "worker", State: state, Epoch: p.epoch, Restarts: int(p.restarts), Since: now - p.startedAt}
	if p.paused {
		n.State = "suspended"
	}
	for l := urgentQueue; l < queueCount; l++ {
		n.Queue += int(p.queued[l])
		if last := p.queues[l]; last != nil {
			n.Oldest = max(n.Oldest, now-last.next.time)
		}
	}
	if e := p.current; e != nil && e.queue != controlQueue {
		n.Handling, n.HandlingFor = fmt.Sprintf("%T", e.msg), now-e.time
	}
	if n.Epoch == noEpoch {
		n.Epoch = 0
	}
	p.mu.Unlock()
	for _, group := range p.dependants() {
		n.Dynamic += group.size()
	}
	if s, ok := p.body.(*sup); ok {
		n.Kind = "supervisor"
		for _, c := range s.snapshot() {
			if c.p == nil {
				n.Children = append(n.Children, Node{Name: c.spec.Start.name(s.name, c.spec.ID), State: c.state.String()})
				continue
			}
			n.Children = append(n.Children, c.p.node(c.state.String()))
		}
	}
	return n
}

// String names the state of a process for the tree.
func (ph phase) String() string {
	return [...]string{"starting", "up", "crashed", "stopping", "down", "abandoned"}[ph]
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Second)
}
