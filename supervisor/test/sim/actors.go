package sim

import (
	"fmt"
	"slices"
	"strconv"

	"registrar/actors/domain"
	"registrar/actors/fault"
)

// Way is how a message reaches its process. It decides which faults can happen on the way.
type Way uint8

// A message is a call (Asked), a cast (Told), or comes from the process itself (Own): a timer,
// the end of a task, the reply to its own call.
const (
	Own Way = iota
	Told
	Asked
)

// Message is a message type of an actor, with its package: "registration.Register".
type Message struct {
	Name string
	Way  Way
	// Process is the receiving process in the scenario if it differs from the actor's.
	Process string
	// Ends says that handling the message crashes the process, so that nothing follows.
	Ends bool
	// Sync says that only a registrar that asks others for their registrations has the message.
	Sync bool
}

// Actor is a kind of process of the registrar.
type Actor struct {
	Name string
	// Interface is the sealed type of its messages, with the package path.
	Interface string
	// Process is one process of this kind in the scenario.
	Process  string
	Messages []Message
	// Points are the fault points in its own code, besides those of package otp.
	Points []fault.Point
}

// The users of the scenario. All but the bystander belong to one shard.
const (
	oneRealm   = "one.test"
	otherRealm = "two.test"
	flushRealm = "three.test"
)

var (
	victim       = domain.Key{Realm: oneRealm, User: "100"}              //nolint:gochecknoglobals // a constant but for its type
	bystander    = domain.Key{Realm: otherRealm, User: "100"}            //nolint:gochecknoglobals // as above
	shardMate    = sameShard(domain.Key{Realm: oneRealm}, 200)           //nolint:gochecknoglobals // as above
	expiringUser = sameShard(domain.Key{Realm: oneRealm}, 500)           //nolint:gochecknoglobals // as above
	flushedUser  = sameShard(domain.Key{Realm: flushRealm}, 100)         //nolint:gochecknoglobals // as above
	shardName    = fmt.Sprintf("users/%02d", domain.ShardOf(victim, 64)) //nolint:gochecknoglobals // as above
)

// sameShard returns the first user of a realm, counting up from a number, in the victim's shard.
func sameShard(k domain.Key, from int) domain.Key {
	for n := from; ; n++ {
		if k.User = domain.User(strconv.Itoa(n)); domain.ShardOf(k, 64) == domain.ShardOf(victim, 64) {
			return k
		}
	}
}

// Actors lists the kinds of processes that the simulator runs.
func Actors() []Actor { return slices.Concat(coreActors(), bridgeActors()) }

// coreActors are the actors behind the bridge.
func coreActors() []Actor {
	user := func(k domain.Key) string { return "user/" + k.String() }
	return []Actor{
		{Name: "user", Interface: "registrar/actors/registration.Message", Process: user(victim), Points: []fault.Point{fault.AfterDecide}, Messages: []Message{
			{Name: "registration.Register", Way: Asked},
			{Name: "registration.Unregister", Way: Asked},
			{Name: "registration.Flush", Way: Asked},
			{Name: "registration.Query", Way: Asked},
			{Name: "registration.Prune", Way: Told, Process: user(expiringUser)},
			{Name: "registration.loaded"},
			{Name: "registration.committed"},
		}},
		{Name: "shard", Interface: "registrar/actors/directory.Message", Process: shardName, Messages: []Message{
			{Name: "directory.Deliver", Way: Asked},
			{Name: "directory.Count", Way: Asked},
			{Name: "directory.FlushRealm", Way: Asked},
			{Name: "directory.indexed", Way: Told},
			{Name: "directory.pruneLive", Way: Told},
			{Name: "directory.recordReloaded"},
			{Name: "directory.credentialChecked"},
			{Name: "directory.flushedUser"},
		}},
		{Name: "sweeper", Interface: "registrar/actors/directory.sweeperMessage", Process: "users/sweeper", Messages: []Message{
			{Name: "directory.step"}, {Name: "directory.dueFound"}, {Name: "directory.pruned"}, {Name: "directory.expired", Way: Told},
		}},
		{Name: "realms", Interface: "registrar/actors/credential.RealmsMessage", Process: "realms", Messages: []Message{
			{Name: "credential.Ask", Way: Asked},
			{Name: "credential.Update", Way: Asked},
			{Name: "credential.Flush", Way: Asked},
			{Name: "credential.counted"},
			{Name: "credential.dropped"},
		}},
		{Name: "realm", Interface: "registrar/actors/credential.Message", Process: "realm/" + oneRealm, Messages: []Message{
			{Name: "credential.Lookup", Way: Asked}, {Name: "credential.Changed", Way: Asked}, {Name: "credential.read"},
		}},
	}
}

func bridgeActors() []Actor {
	actors := []Actor{
		{Name: "publisher", Interface: "registrar/amqpbridge.publisherMessage", Process: "bridge/publisher", Points: []fault.Point{fault.BeforePublish}, Messages: []Message{
			{Name: "amqpbridge.publishMessage", Way: Told}, {Name: "amqpbridge.publishConfirmed", Way: Asked}, {Name: "amqpbridge.sessionChanged", Way: Told}, {Name: "amqpbridge.retrySession"}, {Name: "amqpbridge.channelOpened"},
		}},
		{Name: "notifier", Interface: "registrar/amqpbridge.notifierMessage", Process: "bridge/notifier", Messages: []Message{
			{Name: "amqpbridge.registrationEvent", Way: Told}, {Name: "amqpbridge.accountFound"},
		}},
		{Name: "canary", Interface: "registrar/amqpbridge.canaryMessage", Process: "bridge/canary", Messages: []Message{
			{Name: "amqpbridge.sessionChanged", Way: Told},
			{Name: "amqpbridge.retrySession"},
			{Name: "amqpbridge.canarySubscribed"},
			{Name: "amqpbridge.canaryDue"},
			{Name: "amqpbridge.canaryAnswered", Way: Told},
			{Name: "amqpbridge.leaderToken", Way: Told},
		}},
	}
	for _, name := range []string{"consuming", "publishing"} {
		actors = append(actors, Actor{Name: name, Interface: "registrar/amqpbridge.connectionMessage", Process: "bridge/" + name, Messages: []Message{
			{Name: "amqpbridge.subscribeSession", Way: Told},
			{Name: "amqpbridge.dialed"},
			{Name: "amqpbridge.lost"},
			{Name: "amqpbridge.redial"},
			{Name: "amqpbridge.renew", Way: Told},
		}})
	}
	for _, name := range []string{"authn", "registrations", "queries"} {
		actors = append(actors, consumerActor(name))
	}
	return actors
}

func consumerActor(name string) Actor {
	a := Actor{
		Name: name, Interface: "registrar/amqpbridge.consumerMessage", Process: "bridge/" + name, Points: []fault.Point{fault.BeforeAck}, Messages: []Message{
			{Name: "amqpbridge.sessionChanged", Way: Told},
			{Name: "amqpbridge.retrySession"},
			{Name: "amqpbridge.subscribed"},
			{Name: "amqpbridge.delivered", Way: Told},
			{Name: "amqpbridge.answered"},
			{Name: "amqpbridge.retryJob"},
			{Name: "amqpbridge.parked"},
			{Name: "amqpbridge.acksDue"},
			{Name: "amqpbridge.drainConsumer", Way: Asked},
			{Name: "amqpbridge.drainPoll"},
			{Name: "amqpbridge.cancelled"},
			{Name: "amqpbridge.deliveriesTaken"},
		},
	}
	if name == "registrations" {
		a.Messages = append(a.Messages, Message{Name: "amqpbridge.announce", Sync: true}, Message{Name: "amqpbridge.announced", Sync: true})
	}
	return a
}
