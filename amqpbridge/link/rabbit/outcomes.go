package rabbit

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// returnBuffer collects the returns of a channel. The broker sends a return before the confirm of
// the same message, and the library keeps that order. So the buffered returns at the time of a
// confirm belong to it or to an earlier one.
type returnBuffer struct {
	ch  <-chan amqp.Return
	why map[string]string // Message-Id to reason, until the confirm
}

func (r *returnBuffer) take(m amqp.Return, ok bool) {
	if !ok {
		r.ch = nil
		return
	}
	r.why[m.MessageId] = m.ReplyText
}

func (r *returnBuffer) drain() {
	for {
		select {
		case m, ok := <-r.ch:
			r.take(m, ok)
		default:
			return
		}
	}
}

// reportOutcomes reports the result of each confirmed publishing, in the order of publishing, until
// the session ends.
func (p *publisher) reportOutcomes(ch <-chan amqp.Return) {
	returns := &returnBuffer{ch: ch, why: map[string]string{}}
	for {
		select {
		case o := <-p.open:
			p.report(o, returns)
		case m, ok := <-returns.ch:
			returns.take(m, ok)
		case <-p.s.done:
			p.failOpen(returns)
			return
		}
	}
}

// report waits for one confirm and reports the result.
func (p *publisher) report(o outcome, returns *returnBuffer) {
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
	<-p.window
	o.done(p.resultOf(o, returns))
}

func (p *publisher) resultOf(o outcome, returns *returnBuffer) error {
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
	<-p.s.done // the library nacks open publishings when a channel ends; the session's error follows
	return fmt.Errorf("publish: %w", p.s.err)
}

// failOpen reports the session's error for the remaining publishings, and refuses new ones.
func (p *publisher) failOpen(returns *returnBuffer) {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	for {
		select {
		case o := <-p.open:
			p.report(o, returns)
		default:
			return
		}
	}
}

// end refuses new publishings and waits for the open ones until ctx ends.
func (p *publisher) end(ctx context.Context) {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	for range cap(p.window) {
		select {
		case p.window <- struct{}{}:
		case <-ctx.Done():
			return
		case <-p.s.done:
			return
		}
	}
}

// closeChannels closes every channel. The broker answers after it has processed all earlier
// frames of the channel.
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
