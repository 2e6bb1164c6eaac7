package sim

import (
	"fmt"
	"slices"
	"strings"

	"registrar/actors/domain"
	"registrar/supervisor/fault"
)

// Way is how a message comes to its process: it decides what can happen to it on its way.
type Way uint8

// A message is told, or it asks and is answered; what is nobody's else is the process's own: a timer, the end of a task, the answer to a question.
const (
	Own Way = iota
	Told
	Asked
)

// Message is a type of message of an actor, with its package: "registration.Register".
type Message struct {
	Name string
	Way  Way
	// Process is the process in the scenario that takes it, when it is not that of its actor.
	Process string
	// Service says that it is there only where work takes an artificial time.
	Service bool
}

// Actor is a kind of process of the registrar.
type Actor struct {
	Name string
	// Interface is the sealed type of its messages, with its package's path.
	Interface string
	// Process is one of its kind in the scenario.
	Process  string
	Messages []Message
	// Points are the fault points in its own code, besides those of the engine.
	Points []fault.Point
}

// The users of the scenario. All but the bystander are users of one shard.
const (
	oneRealm   = "one.test"
	otherRealm = "two.test"
	flushRealm = "three.test"
)

var (
	victim    = domain.Key{Realm: oneRealm, User: "100"}              //nolint:gochecknoglobals // a constant but for its type.
	bystander = domain.Key{Realm: otherRealm, User: "100"}            //nolint:gochecknoglobals // as above.
	mate      = sameShard(domain.Key{Realm: oneRealm}, 200)           //nolint:gochecknoglobals // as above.
	leaver    = sameShard(domain.Key{Realm: oneRealm}, 500)           //nolint:gochecknoglobals // as above.
	flushed   = sameShard(domain.Key{Realm: flushRealm}, 100)         //nolint:gochecknoglobals // as above.
	shardName = fmt.Sprintf("users/%02d", domain.ShardOf(victim, 64)) //nolint:gochecknoglobals // as above.
)

// sameShard is the first user of a realm from a number on who is in the victim's shard.
func sameShard(k domain.Key, from int) domain.Key {
	for n := from; ; n++ {
		if k.User = domain.User(fmt.Sprint(n)); domain.ShardOf(k, 64) == domain.ShardOf(victim, 64) {
			return k
		}
	}
}

// Actors lists the kinds of processes that the simulator runs.
func Actors() []Actor {
	user := func(k domain.Key) string { return "user/" + k.String() }
	actors := []Actor{
		{Name: "user", Interface: "registrar/actors/registration.Message", Process: user(victim), Points: []fault.Point{fault.AfterDecide}, Messages: []Message{
			{Name: "registration.Register", Way: Asked}, {Name: "registration.Unregister", Way: Asked}, {Name: "registration.Flush", Way: Asked},
			{Name: "registration.Query", Way: Asked}, {Name: "registration.Prune", Way: Told, Process: user(leaver)},
			{Name: "registration.loaded"}, {Name: "registration.committed"},
		}},
		{Name: "shard", Interface: "registrar/actors/directory.Message", Process: shardName, Messages: []Message{
			{Name: "directory.Deliver", Way: Asked}, {Name: "directory.Count", Way: Asked}, {Name: "directory.FlushRealm", Way: Asked},
			{Name: "directory.indexed", Way: Told}, {Name: "directory.pruneLive", Way: Told}, {Name: "directory.reread"}, {Name: "directory.looked"},
			{Name: "directory.flushedUser"},
		}},
		{Name: "sweeper", Interface: "registrar/actors/directory.sweeperMessage", Process: "users/sweeper", Messages: []Message{
			{Name: "directory.step"}, {Name: "directory.dueFound"}, {Name: "directory.pruned"}, {Name: "directory.ended", Way: Told},
		}},
		{Name: "realms", Interface: "registrar/actors/credential.RealmsMessage", Process: "realms", Messages: []Message{
			{Name: "credential.Ask", Way: Asked}, {Name: "credential.Update", Way: Asked}, {Name: "credential.Forget", Way: Asked},
			{Name: "credential.counted"}, {Name: "credential.dropped"},
		}},
		{Name: "realm", Interface: "registrar/actors/credential.Message", Process: "realm/" + oneRealm, Messages: []Message{
			{Name: "credential.Lookup", Way: Asked}, {Name: "credential.Changed", Way: Asked}, {Name: "credential.read"},
		}},
		{Name: "publisher", Interface: "registrar/amqpbridge.PublisherMessage", Process: "bridge/publisher", Points: []fault.Point{fault.BeforePublish}, Messages: []Message{
			{Name: "amqpbridge.Send", Way: Told}, {Name: "amqpbridge.Park", Way: Asked}, {Name: "amqpbridge.publisherAttach", Way: Told}, {Name: "amqpbridge.opened"},
		}},
		{Name: "notices", Interface: "registrar/amqpbridge.NoticesMessage", Process: "bridge/notices", Messages: []Message{
			{Name: "amqpbridge.news", Way: Told}, {Name: "amqpbridge.owner"},
		}},
		{Name: "pulse", Interface: "registrar/amqpbridge.PulseMessage", Process: "bridge/pulse", Messages: []Message{
			{Name: "amqpbridge.pulseAttach", Way: Told}, {Name: "amqpbridge.listening"}, {Name: "amqpbridge.beat"}, {Name: "amqpbridge.heard", Way: Told},
			{Name: "amqpbridge.token", Way: Told},
		}},
	}
	for _, name := range []string{"consuming", "publishing"} {
		actors = append(actors, Actor{Name: name, Interface: "registrar/amqpbridge.ConnectionMessage", Process: "bridge/" + name, Messages: []Message{
			{Name: "amqpbridge.hello", Way: Told}, {Name: "amqpbridge.dialed"}, {Name: "amqpbridge.lost"}, {Name: "amqpbridge.redial"},
			{Name: "amqpbridge.renew", Way: Told},
		}})
	}
	for _, name := range []string{"authn", "registrations", "queries"} {
		actors = append(actors, flowActor(name))
	}
	return actors
}

func flowActor(name string) Actor {
	a := Actor{
		Name: name, Interface: "registrar/amqpbridge.FlowMessage", Process: "bridge/" + name, Points: []fault.Point{fault.BeforeAck}, Messages: []Message{
			{Name: "amqpbridge.attach", Way: Told}, {Name: "amqpbridge.consuming"}, {Name: "amqpbridge.consumeAgain"}, {Name: "amqpbridge.delivered", Way: Told},
			{Name: "amqpbridge.outcome"}, {Name: "amqpbridge.again"}, {Name: "amqpbridge.served", Service: true}, {Name: "amqpbridge.parked"},
			{Name: "amqpbridge.flush"}, {Name: "amqpbridge.Drain", Way: Asked}, {Name: "amqpbridge.filled"}, {Name: "amqpbridge.cancelled"}, {Name: "amqpbridge.emptied"},
		},
	}
	if name != "authn" { // its work takes one step
		a.Messages = append(a.Messages, Message{Name: "amqpbridge.step"})
	}
	return a
}

// Ending is what becomes of a hang.
type Ending uint8

// A hang ends by itself, or its process is killed without its cooperation and the hang ends when its successor works.
const (
	Released Ending = iota
	Abandoned
)

// Cell is one fault in one place of the scenario.
type Cell struct {
	Actor   string
	Process string
	Message string // empty for the points of a life
	Point   fault.Point
	Kind    fault.Kind
	Ending  Ending
	Service bool
}

// String names it as the flag of the test does.
func (c Cell) String() string {
	s := fmt.Sprintf("%s/%s/%s/%s", c.Actor, c.Message, c.Point, c.Kind)
	if c.Ending == Abandoned {
		s += ",killed"
	}
	return s
}

// Cells lists everything that can go wrong with an actor: each of its messages at each point, and each point of its life and of its own code.
func (a Actor) Cells() (cells []Cell) {
	add := func(c Cell, kinds []fault.Kind) {
		for _, k := range kinds {
			c.Kind, c.Ending = k, Released
			cells = append(cells, c)
			if k == fault.Hang {
				c.Ending = Abandoned
				cells = append(cells, c)
			}
		}
	}
	for _, m := range a.Messages {
		c := Cell{Actor: a.Name, Process: a.Process, Message: m.Name, Service: m.Service}
		if m.Process != "" {
			c.Process = m.Process
		}
		for _, at := range []fault.Point{fault.BeforeHandle, fault.AfterHandle} {
			c.Point = at
			add(c, fault.Kinds(at))
		}
		c.Point = fault.InTransit
		switch m.Way {
		case Asked:
			add(c, fault.Kinds(fault.InTransit))
		case Told:
			add(c, []fault.Kind{fault.Delay})
		case Own:
		}
	}
	for _, at := range slices.Concat([]fault.Point{fault.BeforeInit, fault.AfterInit, fault.InStop}, a.Points) {
		add(Cell{Actor: a.Name, Process: a.Process, Point: at}, fault.Kinds(at))
	}
	return cells
}

// ModelCells lists what can go wrong with the model of the store's writer.
func ModelCells() (cells []Cell) {
	for _, at := range []fault.Point{fault.BeforeCommit, fault.AfterCommit} {
		for _, k := range fault.Kinds(at) {
			cells = append(cells, Cell{Actor: "store", Process: "store/writer", Point: at, Kind: k})
		}
	}
	return cells
}

// Table shows cells, a line for each message of each actor: for each point a letter a kind of fault, a small one when all is well.
func Table(cells []Cell, red map[string]bool) string {
	letters := map[fault.Kind]string{
		fault.Panic: "p", fault.Goexit: "g", fault.Delay: "d", fault.Hang: "h", fault.Error: "e", fault.Torn: "t", fault.Drop: "l", fault.Duplicate: "2",
	}
	var lines []string
	at := map[string]map[fault.Point]string{}
	for _, c := range cells {
		name := c.Actor + " " + c.Message
		if at[name] == nil {
			at[name] = map[fault.Point]string{}
			lines = append(lines, name)
		}
		letter := letters[c.Kind]
		if c.Ending == Abandoned {
			letter = "k"
		}
		if red[c.String()] {
			letter = strings.ToUpper(letter)
		}
		at[name][c.Point] += letter
	}
	var b strings.Builder
	b.WriteString("p panic, g Goexit, d delay, h hang, k hang and kill, e error, t torn write, l lost, 2 doubled; a capital letter is one that failed\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "%-42s", l)
		for _, p := range fault.Points() {
			if kinds := at[l][p]; kinds != "" {
				fmt.Fprintf(&b, " %s:%s", p, kinds)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
