package rabbit_test

import (
	"errors"
	"testing"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/node"
)

// An upgraded broker may lack the feature flag of quorum queues. Then a durable classic queue is
// declared and reported.
func quorumless(t *testing.T, n *node.Node) {
	t.Helper()
	d := rabbit.New(rabbit.Config{URLs: []string{n.URL()}, DialTimeout: timeLimit})
	dial := func() link.Session {
		s, err := d.Dial(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	queue := link.Queue{Name: "registrations", Kind: link.Quorum, DeliveryLimit: 10, MaxLength: 100}
	wanted := link.Topology{
		Exchanges: []link.Exchange{{Name: "x", Kind: "topic"}}, Queues: []link.Queue{queue}, Bindings: []link.Binding{{Queue: queue.Name, Exchange: "x", Key: "#"}},
	}
	s := dial()
	if err := s.Apply(t.Context(), wanted); !errors.Is(err, link.ErrNotReady) { // the broker closes the connection
		t.Errorf("the first attempt: %v", err)
	}
	s = dial()
	for range 2 { // the second time it exists
		if err := s.Apply(t.Context(), wanted); err != nil {
			t.Fatal(err)
		}
	}
	if notices := s.Notices(); len(notices) == 0 || notices[0].Queue != queue.Name {
		t.Errorf("notices %v", notices)
	}
	pub := publisher(t, s)
	if err := confirmed(t, pub, link.Publishing{Exchange: "x", Key: "k", Persistent: true, Mandatory: true}); err != nil {
		t.Error(err)
	}
	out, err := n.Ctl(t.Context(), "list_queues", "name", "type", "durable")
	if err != nil || out != "name\ttype\tdurable\nregistrations\tclassic\ttrue\n" {
		t.Errorf("%v: %q", err, out)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
