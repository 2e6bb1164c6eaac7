// Package link is the registrar's port to AMQP 0-9-1: connect, declare, consume, publish,
// confirm. It contains nothing of SIP or Kazoo. Package rabbit implements it for a broker,
// package memory in memory. Package linktest checks both against the contract below.
//
// # Sessions
//
// A [Dialer] opens a [Session]: one connection with its channels. Any error of the connection, of
// a channel or of a consumer ends the whole session. Then [Session.Done] is closed, [Session.Err]
// returns the reason, and the owner dials again, declares, binds and consumes anew. There is no
// automatic recovery: a recovered channel would accept an acknowledgement of the old channel,
// apply it to other messages, and lose them. Unacknowledged deliveries are redelivered to this or
// another consumer, marked Redelivered.
//
// # Order
//
// The deliveries of a [Consumer] arrive one at a time, in queue order, with consecutive tags from
// 1. Redelivered messages keep their position. The outcomes of [Publisher.PublishConfirmed]
// arrive in the order of publishing. No order holds between two consumers, between two
// publishers, or between confirmed and unconfirmed publishings.
//
// # Bounds
//
// A consumer has at most Prefetch unacknowledged deliveries, which bounds memory. A publisher has
// at most [Window] unconfirmed publishings.
//
// # Blocking
//
// Callbacks (deliver, done, OnReturn) run on goroutines of the session and must not block. They
// may acknowledge and publish, but must not call Cancel or Close. Dial, Apply, Consume,
// Publisher, Cancel and Close wait for the broker, at most until their context ends. If the
// context ends before the broker's answer, the session ends too, because AMQP cannot cancel a
// request. Ack, Nack and Publish wait only for the socket's buffer; a write that blocks for
// seconds ends the session. During an alarm of the broker ([Session.Blocked]) publishing fails at
// once with [ErrBlocked].
package link
