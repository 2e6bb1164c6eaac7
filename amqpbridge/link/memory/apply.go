package memory

import (
	"context"
	"fmt"

	"registrar/amqpbridge/link"
)

// Apply implements [link.Session].
func (s *session) Apply(ctx context.Context, t link.Topology) error {
	return s.use(ctx, "apply topology", func() error {
		for _, x := range t.Exchanges {
			if err := s.declareExchange(x); err != nil {
				return fmt.Errorf("declare exchange %s: %w", x.Name, err)
			}
		}
		for _, q := range t.Queues {
			if err := s.declareQueue(q); err != nil {
				return fmt.Errorf("declare queue %s: %w", q.Name, err)
			}
		}
		for _, bound := range t.Bindings {
			if err := s.bind(bound); err != nil {
				return fmt.Errorf("bind queue %s to %s with %s: %w", bound.Queue, bound.Exchange, bound.Key, err)
			}
		}
		return nil
	})
}

func (s *session) declareExchange(x link.Exchange) error {
	if x.Kind != "topic" && x.Kind != "direct" {
		return fmt.Errorf("%w: an exchange of kind %q", link.ErrProtocol, x.Kind)
	}
	have, ok := s.b.exchanges[x.Name]
	if !ok {
		s.b.exchanges[x.Name] = &exchange{spec: x}
		return nil
	}
	if have.spec != x {
		s.notices = append(s.notices, link.Notice{
			Exchange: x.Name, Reason: fmt.Sprintf("it is %s, durable %t", have.spec.Kind, have.spec.Durable),
		})
	}
	return nil
}

func (s *session) declareQueue(spec link.Queue) error {
	if spec.Kind == link.ServerNamed {
		if _, ok := s.aliases[spec.Name]; ok {
			return nil
		}
		alias := spec.Name
		spec.Name, spec.Exclusive, spec.Durable = s.b.newName(), true, false
		s.aliases[alias] = spec.Name
	}
	if spec.Kind == link.Quorum {
		spec.Durable = true
	}
	q, ok := s.b.queues[spec.Name]
	switch {
	case !ok:
		q = &queue{b: s.b, name: spec.Name, spec: spec}
		if spec.Exclusive {
			q.owner = s
		}
		s.b.queues[spec.Name] = q
	case q.owner != nil && q.owner != s:
		return fmt.Errorf("%w: it belongs to another session", link.ErrAccess)
	case q.spec != spec:
		return fmt.Errorf("%w: it exists with other arguments", link.ErrConflict)
	}
	q.restartExpiry()
	return nil
}

func (s *session) bind(bound link.Binding) error {
	q, err := s.queue(bound.Queue)
	if err != nil {
		return err
	}
	x, ok := s.b.exchanges[bound.Exchange]
	if !ok {
		return fmt.Errorf("%w: exchange %s", link.ErrNotFound, bound.Exchange)
	}
	x.bind(bound.Key, q)
	return nil
}

// queue returns a queue that this session may use.
func (s *session) queue(alias string) (*queue, error) {
	q, ok := s.b.queues[s.resolve(alias)]
	if !ok {
		return nil, fmt.Errorf("%w: queue %s", link.ErrNotFound, alias)
	}
	if q.owner != nil && q.owner != s {
		return nil, fmt.Errorf("%w: queue %s belongs to another session", link.ErrAccess, alias)
	}
	return q, nil
}
