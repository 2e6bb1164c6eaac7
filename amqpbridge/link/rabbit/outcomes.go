package rabbit

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// returnsOf takes the returns of a channel. The broker sends a return before the confirm of the same message, and the library
// hands both on in that order: what is in the channel when a confirm is there belongs to it or to an earlier one.
type returnsOf struct {
	ch  <-chan amqp.Return
	why map[string]string // Message-Id to reason, until the confirm
}

func (r *returnsOf) take(m amqp.Return, ok bool) {
	if !ok {
		r.ch = nil
		return
	}
	r.why[m.MessageId] = m.ReplyText
}

func (r *returnsOf) drain() {
	for {
		select {
		case m, ok := <-r.ch:
			r.take(m, ok)
		default:
			return
		}
	}
}

// tellOutcomes tells the outcome of each confirmed publishing, in the order of publishing, until the session ends.
func (p *publisher) tellOutcomes(ch <-chan amqp.Return) {
	returns := &returnsOf{ch: ch, why: map[string]string{}}
	for {
		select {
		case o := <-p.open:
			p.tell(o, returns)
		case m, ok := <-returns.ch:
			returns.take(m, ok)
		case <-p.s.done:
			p.giveUp(returns)
			return
		}
	}
}

// tell waits for one confirm and tells the outcome.
func (p *publisher) tell(o outcome, returns *returnsOf) {
	for waiting := true; waiting; {
		select {
		case <-o.confirm.Done():
			waiting = false
		case m, ok := <-returns.ch:
			returns.take(m, ok)
		case <-p.s.done:
			waiting = false
		}
	}
	returns.drain()
	<-p.places
	o.done(p.judge(o, returns))
}

func (p *publisher) judge(o outcome, returns *returnsOf) error {
	if why, ok := returns.why[o.id]; ok && o.id != "" {
		delete(returns.why, o.id)
		return fmt.Errorf("publish: %w: %s", link.ErrReturned, why)
	}
	if o.confirm.Acked() {
		return nil
	}
	if !p.confirmed.IsClosed() && p.s.Err() == nil {
		return fmt.Errorf("publish: %w", link.ErrNacked)
	}
	<-p.s.done // the library refuses what is open when a channel ends; why is about to be known
	return fmt.Errorf("publish: %w", p.s.err)
}

// giveUp tells those that are still open why they have no outcome, and lets nobody in after them.
func (p *publisher) giveUp(returns *returnsOf) {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	for {
		select {
		case o := <-p.open:
			p.tell(o, returns)
		default:
			return
		}
	}
}

// end lets nobody publish any more and waits for the outcomes that are open, until ctx ends.
func (p *publisher) end(ctx context.Context) {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	for range cap(p.places) {
		select {
		case p.places <- struct{}{}:
		case <-ctx.Done():
			return
		case <-p.s.done:
			return
		}
	}
}

// closeChannels closes every channel and so waits until the broker has worked off what was sent on it.
func (s *session) closeChannels(ctx context.Context) error {
	s.mu.Lock()
	consumers, publishers := s.consumers, s.publishers
	s.mu.Unlock()
	var channels []*amqp.Channel
	for _, p := range publishers {
		p.end(ctx)
		channels = append(channels, p.plain, p.confirmed)
	}
	for _, c := range consumers {
		c.cancelled.Store(true)
		channels = append(channels, c.ch)
	}
	for _, ch := range channels {
		if err := s.call(ctx, ch.Close); err != nil {
			return err
		}
	}
	return nil
}
