package supervisor_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
)

// leader is the process of a queue, in the broker's words.
const leader = `quorum_queues, {'%2F_registrar.registrations', node()}`

// brokerFault is one fault: how it is caused, how it shows, and how it ends.
type brokerFault struct {
	hurt func(*brokerBed)
	part string // which part of the bridge is in trouble; empty is consuming
	says string // part of the reason
	heal func(*brokerBed)
	// stays says that the session survives it; passes that it is over by itself: then nobody is
	// let through to the broker until it has been seen.
	stays, passes bool
}

func faults() map[string]brokerFault {
	return map[string]brokerFault{
		"connections reset":      {hurt: func(s *brokerBed) { s.proxy.Reset() }, says: link.ErrLost.Error(), passes: true},
		"half-open connections":  {hurt: func(s *brokerBed) { s.proxy.BlackHole() }, says: link.ErrLost.Error(), heal: heal},
		"its heartbeats lost":    {hurt: func(s *brokerBed) { s.proxy.DropInbound() }, says: link.ErrLost.Error(), heal: heal},
		"our heartbeats lost":    {hurt: func(s *brokerBed) { s.proxy.DropOutbound() }, says: link.ErrLost.Error(), heal: heal},
		"a queue deleted":        {hurt: func(s *brokerBed) { brokertest.DeleteQueue(s.t, s.node.URL(), s.cfg.Bridge.AuthnQueue) }, says: link.ErrCancelled.Error(), passes: true},
		"all of its queues":      {hurt: func(s *brokerBed) { s.deleteAll() }, says: link.ErrCancelled.Error(), passes: true},
		"an alarm":               {hurt: alarm("1MB"), part: "publisher", says: link.ErrBlocked.Error(), heal: alarm("1GB"), stays: true},
		"closed by the operator": {hurt: func(s *brokerBed) { s.closeAll() }, says: link.ErrForced.Error(), passes: true},
		"the broker killed":      {hurt: func(s *brokerBed) { s.kill() }, says: link.ErrUnreachable.Error(), heal: func(s *brokerBed) { s.restart() }},
		"its virtual host gone": {hurt: func(s *brokerBed) { s.ctl("delete_vhost", "/") }, says: link.ErrVhost.Error(), heal: func(s *brokerBed) {
			s.ctl("add_vhost", "/")
			s.ctl("set_permissions", "-p", "/", "guest", ".*", ".*", ".*")
		}},
		// An acknowledgement of nothing, as if we had sent it: the broker closes each channel and
		// leaves the connections alone.
		"its channels closed": {hurt: func(s *brokerBed) {
			s.ctl("eval", "[rabbit_channel:do(P, {'basic.ack', 99999, false}) || P <- rabbit_channel:list_local()].")
		}, says: link.ErrConflict.Error(), passes: true},
		// The queue is declared and nobody leads it: the broker answers 404, or 541, or nothing,
		// until its leader is up.
		"a queue that is coming up": {hurt: func(s *brokerBed) {
			s.ctl("eval", "ra:stop_server("+leader+").")
			s.closeAll()
		}, says: link.ErrNotReady.Error(), heal: func(s *brokerBed) { s.ctl("eval", "ra:restart_server("+leader+").") }},
		"our password no longer good": {
			hurt: func(s *brokerBed) { s.password("other"); s.closeAll() }, says: link.ErrCredentials.Error(), heal: func(s *brokerBed) { s.password("guest") },
		},
	}
}

// playedFaults returns all faults with REGISTRAR_TEST_FULL, else a sample of them.
func playedFaults() map[string]brokerFault {
	all := faults()
	if full() {
		return all
	}
	sample := map[string]brokerFault{}
	for _, name := range []string{"connections reset", "a queue deleted", "an alarm", "its channels closed"} {
		sample[name] = all[name]
	}
	return sample
}

// Every fault of the broker or of the network shows on /readyz, in the metrics and in the tree.
// The registrar works again within a second of its connection. A busy machine may delay it: then
// the fault is repeated.
func TestFaultsOfTheBroker(t *testing.T) {
	brokertest.Exclusive(t)
	s := newBrokerBed(t)
	for name, f := range playedFaults() {
		t.Run(name, func(t *testing.T) {
			took := s.undergo(t, f)
			for range 2 {
				if took > time.Second {
					took = s.undergo(t, f)
				}
			}
			if took > time.Second {
				t.Errorf("it consumes %v after it was connected", took)
			}
		})
	}
	was := s.outcomes("canary", "answered")
	s.until("its own questions are answered", func() bool { return s.outcomes("canary", "answered") > was })
}

// undergo causes a fault and returns how long after it was connected the registrar works again,
// zero if its sessions have survived.
func (s *brokerBed) undergo(t *testing.T, f brokerFault) (took time.Duration) {
	t.Helper()
	s.unseen(f)
	failures := s.failures(f)
	if f.passes {
		s.proxy.Refuse()
		f.heal = heal
	}
	hurt := time.Now()
	f.hurt(s)
	s.until("it says so everywhere", func() bool { return s.seen(f, failures) })
	f.heal(s)
	s.until("it works again", func() bool {
		ok, _ := s.server.Ready()
		took = s.connected.since(hurt)
		return ok && (took > 0 || f.stays)
	})
	t.Logf("it works %v after it was connected", took)
	s.unseen(f)
	sw, err := client.Connect(within(t, otptest.Timeout), rabbit.New(rabbit.Config{URLs: []string{s.node.URL()}}), client.Config{Name: "switch", Generation: wire.Kazoo5})
	if err != nil {
		t.Fatal(err)
	}
	authn(t, sw, wire.Kazoo5)
	if err := sw.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if f.stays {
		return 0
	}
	return took
}

func newBrokerBed(t *testing.T) *brokerBed {
	t.Helper()
	s := &brokerBed{t: t, node: brokertest.Node(t), connected: &connectedAt{}}
	s.testbed = newTestbed(t)
	var url string
	s.proxy, url = brokertest.NewProxy(t, s.node.URL(), nil)
	s.cfg.Admin = freeAddr(t)
	s.cfg.Log = zerolog.New(zerolog.MultiLevelWriter(zerolog.NewTestWriter(t), s.connected)).Level(zerolog.InfoLevel)
	s.cfg.Link = rabbit.New(rabbit.Config{URLs: []string{url}, Heartbeat: time.Second, Log: s.cfg.Log})
	s.cfg.Bridge.Canary = 1500 * time.Millisecond // longer than the heartbeats, which come first
	s.start()
	s.provision(realm, "100", "secret")
	return s
}
