package wire

import (
	"strings"

	"registrar/actors/sip"
)

// Generation is the family of software that sent a message. Exchange and routing key tell it,
// and it decides the form of the reply.
type Generation uint8

// Generations in the order of their age.
const (
	Whistle Generation = iota
	Kazoo3
	Kazoo4
	Kazoo5
)

// Kind is the kind of message that a routing key stands for.
type Kind uint8

// Kinds of requests and reports.
const (
	KindAuthn Kind = iota
	KindSuccess
	KindQuery
	KindFlush
	KindSync
)

// Route is the meaning of an exchange and routing key.
type Route struct {
	Kind       Kind
	Generation Generation
}

// Binding is a queue binding of the registrar: a routing key on an exchange.
type Binding struct {
	Exchange, Key string
	Kind          Kind
}

// routeKey is one row of the table of routing keys. A bare key matches exactly, any other with
// more words behind it.
type routeKey struct {
	exchange, key string
	bare          bool
	kind          Kind
	generation    Generation
}

func (k routeKey) matches(exchange, key string) bool {
	if k.exchange != exchange {
		return false
	}
	if k.bare {
		return key == k.key
	}
	return strings.HasPrefix(key, k.key+".")
}

// routes holds the routing keys of all generations.
var routes = []routeKey{ //nolint:gochecknoglobals // a constant table
	{"callmgr", "authn.req", true, KindAuthn, Whistle},
	{"callmgr", "authn.req", false, KindAuthn, Kazoo4},
	{"registrar", "authn.endpoint.req", false, KindAuthn, Kazoo5},
	{"callmgr", "registration.success", true, KindSuccess, Whistle},
	{"callmgr", "registration.success", false, KindSuccess, Kazoo3},
	{"registrar", "registration.success", false, KindSuccess, Kazoo4},
	{"callmgr", "registration.query", true, KindQuery, Whistle},
	{"callmgr", "registration.query", false, KindQuery, Kazoo3},
	{"registrar", "registration.query", false, KindQuery, Kazoo4},
	{"registrar", "registration.flush", false, KindFlush, Kazoo4},
	{"registrar", "registration.sync", true, KindSync, Kazoo4},
}

// Bindings returns the queue bindings that serve all generations.
func Bindings() []Binding {
	out := make([]Binding, 0, len(routes))
	for _, r := range routes {
		key := r.key
		if !r.bare {
			key += ".#"
		}
		out = append(out, Binding{Exchange: r.exchange, Key: key, Kind: r.kind})
	}
	return out
}

// ParseKey returns the route of a message. ok is false for a foreign exchange or routing key.
func ParseKey(exchange, key string) (r Route, ok bool) {
	for _, k := range routes {
		if k.matches(exchange, key) {
			return Route{Kind: k.kind, Generation: k.generation}, true
		}
	}
	return Route{}, false
}

// Address returns the exchange and routing key under which a peer of the route's generation
// publishes a message about a user. An empty user means the whole realm.
func (r Route) Address(realm, user string) (exchange, key string) {
	realm = sip.EncodeKey(realm)
	if user = sip.EncodeKey(user); user == "" {
		user = "*"
	}
	switch {
	case r.Kind == KindFlush:
		return "registrar", "registration.flush." + realm
	case r.Kind == KindSync:
		return "registrar", "registration.sync"
	case r.Kind == KindAuthn && r.Generation == Kazoo5:
		return "registrar", "authn.endpoint.req." + realm
	case r.Kind == KindAuthn && r.Generation == Whistle:
		return "callmgr", "authn.req"
	case r.Kind == KindAuthn:
		return "callmgr", "authn.req." + realm
	}
	key = "registration.success"
	if r.Kind == KindQuery {
		key = "registration.query"
	}
	switch r.Generation {
	case Whistle:
		return "callmgr", key
	case Kazoo3:
		return "callmgr", key + "." + realm + "." + user
	case Kazoo4, Kazoo5:
	}
	return "registrar", key + "." + realm + "." + user
}
