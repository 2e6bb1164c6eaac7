package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"registrar/actors/sip"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// ErrEnded means that the switch's session has ended.
var ErrEnded = errors.New("the switch has lost its broker")

// ErrNobody means that no queue takes the message: no registrar has bound its keys on this broker.
var ErrNobody = errors.New("no registrar takes such messages on this broker")

// answer is what a question has come to.
type answer struct {
	m   wire.Message
	err error
}

// Switch is a simulated switch.
type Conn struct {
	name       string
	sender     wire.Sender
	generation wire.Generation
	session    link.Session
	publisher  link.Publisher
	ids        *atomic.Uint64

	mu      sync.Mutex
	waiting map[string]chan answer
}

// Connect brings up a switch of a name that no other peer on the broker has. It speaks as the given generation does.
func Connect(ctx context.Context, d link.Dialer, name string, g wire.Generation) (*Conn, error) {
	return connect(ctx, d, name, g, new(atomic.Uint64))
}

// connect has the switch's messages numbered by ids.
func connect(ctx context.Context, d link.Dialer, name string, g wire.Generation, ids *atomic.Uint64) (*Conn, error) {
	session, err := d.Dial(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("switch %s: %w", name, err)
	}
	s := &Conn{
		name: name, generation: g, session: session, sender: wire.Sender{App: "softswitch", Version: "1", Node: name},
		waiting: map[string]chan answer{}, ids: ids,
	}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("switch %s: %w", name, errors.Join(err, session.Close(ctx)))
	}
	return s, nil
}

func (s *Conn) open(ctx context.Context) error {
	queue := s.name + "-answers"
	err := s.session.Apply(ctx, link.Topology{
		Exchanges: []link.Exchange{{Name: "callmgr", Kind: "topic"}, {Name: "registrar", Kind: "topic"}, {Name: "targeted", Kind: "direct"}},
		Queues:    []link.Queue{{Name: queue, Kind: link.Classic, Exclusive: true, AutoDelete: true}},
		Bindings:  []link.Binding{{Queue: queue, Exchange: "targeted", Key: s.name}},
	})
	if err != nil {
		return err
	}
	if s.publisher, err = s.session.Publisher(ctx, link.PublisherSpec{OnReturn: s.returned}); err != nil {
		return err
	}
	acks := make(chan uint64, 4096)
	consumer, err := s.session.Consume(ctx, link.ConsumerSpec{Queue: queue, Tag: s.name, Prefetch: 2048}, func(d link.Delivery) {
		s.answered(d)
		select {
		case acks <- d.Tag:
		case <-s.session.Done():
		}
	})
	if err != nil {
		return err
	}
	go s.acknowledge(consumer, acks)
	return nil
}

// acknowledge covers many answers with one acknowledgement.
func (s *Conn) acknowledge(c link.Consumer, acks <-chan uint64) {
	for {
		select {
		case tag := <-acks:
			for more := true; more; {
				select {
				case tag = <-acks:
				default:
					more = false
				}
			}
			if c.Ack(tag, true) != nil {
				return // the session has ended
			}
		case <-s.session.Done():
			return
		}
	}
}

func (s *Conn) answered(d link.Delivery) {
	m, err := wire.Decode(d.Body)
	if err != nil {
		return // not an answer
	}
	var id string
	switch m := m.(type) {
	case *wire.AuthnResponse:
		id = m.MsgID
	case *wire.AuthnError:
		id = m.MsgID
	case *wire.RegQueryResponse:
		id = m.MsgID
	case *wire.RegQueryError:
		id = m.MsgID
	}
	s.settle(id, answer{m: m})
}

// returned takes back a question that nobody takes.
func (s *Conn) returned(p link.Publishing) {
	switch m, _ := wire.Decode(p.Body); m := m.(type) {
	case *wire.AuthnRequest:
		s.settle(m.MsgID, answer{err: ErrNobody})
	case *wire.RegQuery:
		s.settle(m.MsgID, answer{err: ErrNobody})
	}
}

func (s *Conn) settle(id string, a answer) {
	s.mu.Lock()
	got := s.waiting[id]
	delete(s.waiting, id)
	s.mu.Unlock()
	if got != nil {
		got <- a
	}
}

// Close disconnects the switch.
func (s *Conn) Close(ctx context.Context) error {
	return s.session.Close(ctx)
}

func (s *Conn) id() string { return s.name + "-" + strconv.FormatUint(s.ids.Add(1), 10) }

// ask publishes a request and waits for its answer.
func (s *Conn) ask(ctx context.Context, exchange, key, id string, body []byte) (wire.Message, error) {
	got := make(chan answer, 1)
	s.mu.Lock()
	s.waiting[id] = got
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, id)
		s.mu.Unlock()
	}()
	p := link.Publishing{Exchange: exchange, Key: key, ContentType: "application/json", Mandatory: true, Body: body}
	if err := s.publisher.Publish(ctx, p); err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		return a.m, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer: %w", context.Cause(ctx))
	case <-s.session.Done():
		return nil, ErrEnded
	}
}

// key returns exchange and routing key for a message of a kind about a user.
func (s *Conn) key(kind wire.Kind, realm, user string) (exchange, key string) {
	base, exchange := "", "callmgr"
	switch kind {
	case wire.KindAuthn:
		base = "authn.req"
		if s.generation == wire.Kazoo5 {
			return "registrar", "authn.endpoint.req." + sip.EncodeKey(realm)
		}
		if s.generation != wire.Whistle {
			return exchange, base + "." + sip.EncodeKey(realm)
		}
		return exchange, base
	case wire.KindSuccess:
		base = "registration.success"
	case wire.KindQuery:
		base = "registration.query"
	case wire.KindFlush, wire.KindSync:
		base = "registration.flush"
	}
	if s.generation == wire.Whistle {
		return exchange, base
	}
	if s.generation >= wire.Kazoo4 {
		exchange = "registrar"
	}
	if user == "" {
		user = "*" // a whole realm
	}
	return exchange, base + "." + sip.EncodeKey(realm) + "." + sip.EncodeKey(user)
}

// Authn asks for a user's credentials. The answer is a [*wire.AuthnResponse] or a [*wire.AuthnError].
func (s *Conn) Authn(ctx context.Context, realm, user string) (wire.Message, error) {
	aor := "sip:" + user + "@" + realm
	r := &wire.AuthnRequest{
		Envelope: wire.Envelope{MsgID: s.id(), ServerID: s.name}, To: aor, From: aor, AuthUser: user, AuthRealm: realm, Method: "REGISTER",
	}
	exchange, key := s.key(wire.KindAuthn, realm, user)
	return s.ask(ctx, exchange, key, r.MsgID, s.sender.AuthnRequest(r))
}

// Registration is what a switch reports of a phone.
type Registration struct {
	Realm, User, Contact string
	CallID               string
	// Expires is the granted lifetime; zero says that the phone has gone.
	Expires time.Duration
	// At is the switch's time of the event; zero is now.
	At time.Time
	// ID names the message; empty is a new name. A report that is published again because nobody has confirmed it keeps its ID and its time:
	// to the registrar it is the same then.
	ID string
}

// Report publishes a reg_success. It returns when the broker has it.
func (s *Conn) Report(ctx context.Context, r Registration) error {
	if r.At.IsZero() {
		r.At = time.Now()
	}
	if r.ID == "" {
		r.ID = s.id()
	}
	m := &wire.RegSuccess{
		Envelope: wire.Envelope{MsgID: r.ID, ServerID: s.name}, Realm: r.Realm, Username: r.User, Contact: r.Contact, CallID: r.CallID,
		Expires: int64(r.Expires / time.Second), EventTimestamp: r.At, Status: "Registered",
	}
	if r.Expires == 0 {
		m.Status = "Unregistered"
	}
	exchange, key := s.key(wire.KindSuccess, r.Realm, r.User)
	done := make(chan error, 1)
	s.publisher.PublishConfirmed(ctx, link.Publishing{
		Exchange: exchange, Key: key, ContentType: "application/json", Persistent: true, Mandatory: true, Body: s.sender.RegSuccess(m),
	}, func(err error) { done <- err })
	return <-done
}

// Query asks who is registered. The answer is a [*wire.RegQueryResponse] or a [*wire.RegQueryError].
func (s *Conn) Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error) {
	return s.Ask(ctx, &wire.RegQuery{Realm: realm, Username: user, Fields: fields})
}

// Ask sends a query of any kind, with an envelope of the switch's own.
func (s *Conn) Ask(ctx context.Context, q *wire.RegQuery) (wire.Message, error) {
	q.Envelope = wire.Envelope{MsgID: s.id(), ServerID: s.name}
	exchange, key := s.key(wire.KindQuery, q.Realm, q.Username)
	return s.ask(ctx, exchange, key, q.MsgID, s.sender.RegQuery(q))
}

// Publish publishes bytes as they are, for tests of what is no message. It returns when the broker has them.
func (s *Conn) Publish(ctx context.Context, exchange, key string, body []byte) error {
	done := make(chan error, 1)
	s.publisher.PublishConfirmed(ctx, link.Publishing{
		Exchange: exchange, Key: key, ContentType: "application/json", Mandatory: true, Body: body,
	}, func(err error) { done <- err })
	return <-done
}
