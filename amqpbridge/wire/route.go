package wire

import "strings"

// Generation is the family of software that a message comes from, told by exchange and routing key: it decides the form of the answer.
type Generation uint8

// The generations.
const (
	Whistle Generation = iota
	Kazoo3
	Kazoo4
	Kazoo5
)

// Kind is what a routing key is about.
type Kind uint8

// The kinds.
const (
	KindAuthn Kind = iota
	KindSuccess
	KindQuery
	KindFlush
	KindSync
)

// Route is what exchange and routing key say about a message.
type Route struct {
	Kind       Kind
	Generation Generation
}

// Binding is one key that a registrar binds on an exchange.
type Binding struct {
	Exchange, Key string
	Kind          Kind
}

// prefix is one row of the table of routing keys: on an exchange, a key that begins so, or is exactly that when bare.
type prefix struct {
	exchange, key string
	bare          bool
	kind          Kind
	generation    Generation
}

// table holds every key of every generation.
func table() []prefix {
	return []prefix{
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
}

// routes is the table, made once: every message is looked up in it.
var routes = table() //nolint:gochecknoglobals // a table.

// Bindings lists what a registrar binds to serve every generation at once.
func Bindings() []Binding {
	var out []Binding
	for _, p := range table() {
		key := p.key
		if !p.bare {
			key += ".#"
		}
		out = append(out, Binding{Exchange: p.exchange, Key: key, Kind: p.kind})
	}
	return out
}

// ParseKey looks exchange and routing key up in the table; ok is false when they are not in it.
func ParseKey(exchange, key string) (r Route, ok bool) {
	for _, p := range routes {
		if p.exchange == exchange && (p.bare && key == p.key || !p.bare && strings.HasPrefix(key, p.key+".")) {
			return Route{Kind: p.kind, Generation: p.generation}, true
		}
	}
	return Route{}, false
}

// Target says whose credentials a request is about: realm and user, and whether it is a question for a user's own credentials at
// all. A realm that is an IP address stands for the host of To, the user "unknown" for its user.
func (r *AuthnRequest) Target(isIP func(host string) bool, userOf, hostOf func(uri string) string) (realm, user string, ours bool) {
	switch strings.ToLower(r.Method) {
	case "", "password", "pre-register", "register", "invite", "subscribe", "publish", "message", "options", "notify", "refer",
		"info", "update", "prack", "bye":
	default: // reverse-lookup and whatever else is not a SIP method
		return "", "", false
	}
	realm, user = r.AuthRealm, r.AuthUser
	if isIP(realm) {
		realm = hostOf(r.To)
	}
	if user == "unknown" {
		user = userOf(r.To)
	}
	return realm, user, true
}
