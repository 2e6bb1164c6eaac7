package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/sip"
	"registrar/amqpbridge/link"
)

const (
	clientKey = "peer@sim"
	exchange  = "registrar"
)

// client is every application on the other side of the broker.
type client struct {
	w       *World
	session link.Session
	out     link.Publisher
	seq     int
	replies map[string][]map[string]any // by Msg-ID
	// passwords are the valid passwords of a user: the newest, and the one before it while a
	// change is under way.
	passwords    map[domain.Key][]string
	allPasswords map[domain.Key][]string // all passwords that a user has had
	unconfirmed  map[domain.Key]string   // users whose realm has not confirmed the change
	requests     []request
	firstReply   map[string]replyTime // of the first reply to a request
	disturbed    bool                 // faults were injected: an unacknowledged request may be answered again
}

// replyTime is the step and the time of a reply.
type replyTime struct {
	step int
	at   time.Time
}

func newClient(w *World) *client {
	return &client{w: w, replies: map[string][]map[string]any{}, passwords: map[domain.Key][]string{}, allPasswords: map[domain.Key][]string{}, unconfirmed: map[domain.Key]string{}, firstReply: map[string]replyTime{}}
}

// connect opens a session; without a broker there is none.
func (p *client) connect() {
	s, err := p.w.Broker.Dial(context.Background(), "peer")
	if err != nil {
		return
	}
	top := link.Topology{
		Exchanges: []link.Exchange{
			{Name: "callmgr", Kind: "topic"}, {Name: "registrar", Kind: "topic"}, {Name: "targeted", Kind: "direct"},
		},
		Queues:   []link.Queue{{Name: "peer", Kind: link.Classic, Exclusive: true, AutoDelete: true}},
		Bindings: []link.Binding{{Queue: "peer", Exchange: "targeted", Key: clientKey}},
	}
	var in link.Consumer
	if err = s.Apply(context.Background(), top); err == nil {
		p.out, err = s.Publisher(context.Background(), link.PublisherSpec{})
	}
	if err == nil {
		in, err = s.Consume(context.Background(), link.ConsumerSpec{Queue: "peer", Tag: "peer", Prefetch: 1000}, p.onReply)
	}
	if err != nil {
		p.w.fail("the peer: %v", err)
		return
	}
	p.session, _ = s, in
}

func (p *client) onReply(d link.Delivery) {
	var m map[string]any
	if err := json.Unmarshal(d.Body, &m); err != nil {
		p.w.fail("an answer that is no JSON: %v", err)
		return
	}
	id, _ := m["Msg-ID"].(string)
	if len(p.replies[id]) == 0 {
		p.firstReply[id] = replyTime{p.w.Steps, time.Now()}
	}
	p.replies[id] = append(p.replies[id], m)
	p.w.note("%v answers %s", m["Event-Name"], id)
	if len(p.replies[id]) > 1 && !p.disturbed {
		p.w.fail("question %s is answered %d times", id, len(p.replies[id]))
	}
}

// cut closes all connections of the broker.
func (p *client) cut() {
	p.session = nil
	p.w.Broker.Cut()
}

// publish sends a message and reports whether the broker confirmed it.
func (p *client) publish(key string, body []byte) bool {
	if p.session == nil || p.session.Err() != nil {
		if p.connect(); p.session == nil {
			return false
		}
	}
	had := false
	p.out.PublishConfirmed(context.Background(), link.Publishing{
		Exchange: exchange, Key: key, ContentType: "application/json", Mandatory: true, Persistent: true, Body: body,
	}, func(err error) { had = err == nil })
	return had
}

// nodes are the senders of reports.
func nodes() []string { return []string{"right", "ahead", "behind"} }

// skew is the offset of a sender's clock.
func skew(node string) time.Duration {
	return map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour}[node]
}

// newReport makes a report about the present, at least a second after the one before.
func (p *client) newReport(k domain.Key, contact, node string, ends bool, expires time.Duration) *report {
	p.w.clock.pass(time.Second)
	p.seq++
	event := time.Now().Unix()
	fields := map[string]any{
		"Event-Category": "directory", "Event-Name": "reg_success", "Msg-ID": fmt.Sprint("r", p.seq), "Realm": string(k.Realm), "Username": string(k.User),
		"Contact": "<" + contact + ">", "Expires": int(expires.Seconds()), "Node": node, "Call-ID": "c", "Status": "Registered",
		"Event-Timestamp": time.Unix(event, 0).Add(skew(node)).Unix(),
	}
	if ends {
		fields["Expires"] = 0
	}
	body, _ := json.Marshal(fields) //nolint:errchkjson // strings and numbers
	r := &report{
		n: p.seq, key: k, node: node, contact: sip.CleanContact("<" + contact + ">"), ends: ends, event: event, expires: expires, body: body, digest: domain.DigestOf(body),
	}
	p.w.reports = append(p.w.reports, r)
	p.w.byDigest[r.digest] = r
	return r
}

// newFlush makes a reg_flush of a user, or of a realm in which the user is the only one.
func (p *client) newFlush(k domain.Key, all bool) *report {
	p.w.clock.pass(time.Second)
	p.seq++
	fields := map[string]any{"Event-Category": "directory", "Event-Name": "reg_flush", "Msg-ID": fmt.Sprint("f", p.seq), "Realm": string(k.Realm), "Node": "right"}
	if !all {
		fields["Username"] = string(k.User)
	}
	body, _ := json.Marshal(fields) //nolint:errchkjson // strings
	r := &report{n: p.seq, key: k, node: "right", ends: true, flush: true, event: time.Now().Unix(), expires: time.Hour, body: body, digest: domain.DigestOf(body)}
	p.w.reports = append(p.w.reports, r)
	p.w.byDigest[r.digest] = r
	return r
}

// routing is the routing key of a report.
func (r *report) routing() string {
	if r.flush {
		return "registration.flush." + sip.EncodeKey(string(r.key.Realm))
	}
	return "registration.success." + sip.EncodeKey(string(r.key.Realm)) + "." + sip.EncodeKey(string(r.key.User))
}

// send publishes a report, or publishes it again. A late report follows a fresh one of another
// user: a sender with only late reports is taken for one whose clock was set back.
func (p *client) send(r *report) {
	if late := time.Since(time.Unix(r.event, 0)) > time.Second; late {
		p.w.registerResident(r.node)
	}
	p.w.note("report %d: %s %v at %s, a clock that is %s, for %v", r.n, r.verb(), r.key, r.contact, r.node, r.expires)
	if p.publish(r.routing(), r.body) {
		if r.sent++; r.sent == 1 {
			r.called = p.w.Steps
		}
	}
}

// ask sends a request and returns its Msg-ID, empty when the broker did not confirm it.
func (p *client) ask(key string, fields map[string]any) string {
	p.seq++
	id := fmt.Sprint("q", p.seq)
	fields["Msg-ID"], fields["Server-ID"], fields["Event-Category"] = id, clientKey, "directory"
	body, _ := json.Marshal(fields) //nolint:errchkjson // strings
	if isRequest(key) {
		p.w.requestLog.open(id) // before the publish: the reply may come at once
	}
	if !p.publish(key, body) {
		p.w.requestLog.close(id)
		return ""
	}
	return id
}

func (p *client) askAuthn(k domain.Key) string {
	address := "sip:" + string(k.User) + "@" + string(k.Realm)
	p.w.note("authn %v", k)
	return p.ask("authn.endpoint.req."+sip.EncodeKey(string(k.Realm)), map[string]any{
		"Event-Name": "authn_req", "Auth-Realm": string(k.Realm), "Auth-User": string(k.User), "From": address, "To": address, "Method": "REGISTER",
	})
}

func (p *client) askQuery(k domain.Key) string {
	p.w.note("query %v", k)
	return p.ask("registration.query."+sip.EncodeKey(string(k.Realm))+"."+sip.EncodeKey(string(k.User)), map[string]any{
		"Event-Name": "reg_query", "Realm": string(k.Realm), "Username": string(k.User), "Fields": []string{"Contact"},
	})
}

// contacts reads the reply to a query.
func contacts(m map[string]any) (all []string) {
	list, _ := m["Fields"].([]any)
	if one, ok := m["Fields"].(map[string]any); ok {
		list = []any{one}
	}
	for _, f := range list {
		if one, ok := f.(map[string]any); ok {
			if c, ok := one["Contact"].(string); ok {
				all = append(all, c)
			}
		}
	}
	return all
}

// setPassword changes a user's password in the store and tells the realms, as an import does.
func (w *World) setPassword(k domain.Key, password string) {
	w.Store.Set(domain.Credential{Key: k, Method: domain.Password, Secret: domain.NewSecret(password)})
	w.note("%v has a new password", k)
	w.passwords[k], w.allPasswords[k] = append(w.passwords[k], password), append(w.allPasswords[k], password)
	w.forget(k, password)
}

// forget makes the realms drop their cached credential of a user; then only the newest password
// is valid. A failed call is repeated later.
func (w *World) forget(k domain.Key, newest string) {
	done := otp.NewFrom(func(_ credential.Dropped, err error) {
		if err != nil {
			w.unconfirmed[k] = newest
			return
		}
		delete(w.unconfirmed, k)
		if i := slices.Index(w.passwords[k], newest); i > 0 {
			w.passwords[k] = w.passwords[k][i:]
		}
	})
	if err := w.realms.Tell(otp.External("sim"), credential.Update{From: done, Keys: []domain.Key{k}}); err != nil {
		done.Fail(err)
	}
}
