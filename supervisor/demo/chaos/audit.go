package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
	"registrar/persistence"
)

// audit compares the file with the acknowledged reports while the registrar is dead: each report
// that was confirmed to its publisher and is no longer in the queue, or a newer one, must be in
// the file.
func (r *run) audit(ctx context.Context, killed time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, healWithin)
	defer cancel()
	left, err := r.queued(ctx)
	if err != nil {
		return err
	}
	settled := r.ledger.Settle(killed, left)
	from := time.Now()
	kept, err := r.stored()
	if err != nil {
		return err
	}
	lost := r.ledger.Lost("the file", kept, from, time.Now())
	r.report.Audits++
	r.report.Lost = append(r.report.Lost, lost...)
	r.say("   audit: %d newly settled reports, %d in the queue, %d users in the file, %d lost", settled, len(left), len(kept), len(lost))
	return nil
}

// queued returns the IDs of the reports in the registrar's queue. They stay there, in order.
func (r *run) queued(ctx context.Context) (map[string]bool, error) {
	queue := amqpbridge.DefaultSettings().RegistrationQueue
	if err := r.awaitNoConsumer(ctx, queue); err != nil {
		return nil, err
	}
	s, err := r.dialer.Dial(ctx, "chaos-audit")
	if err != nil {
		return nil, err
	}
	names := make(chan string, 65535)
	c, err := s.Consume(ctx, link.ConsumerSpec{Queue: queue, Tag: "chaos-audit", Prefetch: 65535}, func(d link.Delivery) {
		if m, err := wire.Decode(d.Body); err == nil {
			if report, ok := m.(*wire.RegSuccess); ok {
				names <- report.MsgID
			}
		}
	})
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	// The marker is published last, so it is delivered last.
	last, err := r.mark(ctx)
	left := map[string]bool{}
	for err == nil && !left[last] {
		select {
		case name := <-names:
			left[name] = true
		case <-ctx.Done():
			err = fmt.Errorf("read the queue: %w", context.Cause(ctx))
		}
	}
	return left, errors.Join(err, c.Close(ctx), s.Close(ctx))
}

// mark publishes a report and returns its ID.
func (r *run) mark(ctx context.Context) (id string, err error) {
	n := r.probes.Add(1)
	k := keyOf(probeRealm, "marker")
	err = r.client.Report(ctx, client.Registration{Realm: string(k.Realm), User: string(k.User), Contact: fmt.Sprintf("sip:marker@192.0.2.1:%d", n), Expires: time.Hour})
	return r.ledger.last(k).ID, err
}

// awaitNoConsumer waits until the broker has noticed that a queue has no consumer: until then it
// may still hold unacknowledged deliveries.
func (r *run) awaitNoConsumer(ctx context.Context, queue string) error {
	for {
		out, err := r.node.Ctl(ctx, "list_queues", "--no-table-headers", "name", "consumers", "messages_unacknowledged")
		if err != nil {
			return err
		}
		for line := range strings.Lines(out) {
			if strings.Join(strings.Fields(line), " ") == queue+" 0 0" {
				return nil
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("queue %s is still consumed: %w", queue, context.Cause(ctx))
		}
	}
}

// stored reads the file: the contact of every registered user.
func (r *run) stored() (all map[domain.Key]string, err error) {
	lock, err := persistence.LockDir(r.proc.data())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	file, err := persistence.OpenRegistrations(persistence.Options{Dir: r.proc.data(), Log: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	all, now := map[domain.Key]string{}, time.Now()
	const page = 1000
	for after := (domain.Key{}); ; {
		records, err := file.Page("", after, page)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			after = rec.Key
			for _, b := range rec.Bindings {
				if b.Live(now) {
					all[rec.Key] = b.Contact
				}
			}
		}
		if len(records) < page {
			return all, nil
		}
	}
}
