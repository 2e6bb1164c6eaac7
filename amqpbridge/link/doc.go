// Package link is the port through which the registrar speaks AMQP 0-9-1: connect, declare, consume, publish, confirm. It knows
// nothing of SIP or Kazoo. Package rabbit implements it over a broker, loop in memory; linktest holds both to what follows.
//
// # Sessions
//
// A [Dialer] makes a [Session]: one connection with everything that is opened on it. A session lives once. Any error of the
// connection, of a channel or of a consumer ends the whole of it: [Session.Done] is closed, [Session.Err] says why, and
// whoever owns it dials again and declares, binds and consumes anew. Nothing is recovered behind the owner's back: a
// recovered channel would accept an acknowledgement of the old one and apply it to other messages, and so lose them.
// Whatever was delivered and not acknowledged comes again, to this or to another consumer, marked Redelivered.
//
// # Order
//
// The deliveries of a [Consumer] are handed over one after another, in the order of its queue, with tags that count up from 1
// without gaps. Messages that come again take their old places. The outcomes of [Publisher.PublishConfirmed] are told
// in the order of publishing. Nothing is promised between two consumers, two publishers, or between the confirmed and
// unconfirmed publishings of one.
//
// # Bounds
//
// A consumer has at most Prefetch deliveries unacknowledged; memory is bounded by that. A publisher has at most [Window]
// publishings unconfirmed.
//
// # Who may block
//
// Functions that are handed in (deliver, done, OnReturn) run on goroutines of the session and must not block; they may
// acknowledge and publish, but not call Cancel or Close. Dial, Apply, Consume, Publisher, Cancel and Close wait for the broker, at most until their
// context ends; when it ends while the broker owes an answer, the session ends too, because AMQP has no way to take a question
// back. Ack, Nack and Publish write to a socket and so wait only for its buffer; a write that is stuck for seconds ends the
// session. While the broker has an alarm ([Session.Blocked]) publishing is refused at once with [ErrBlocked].
package link
