// Package link is the port through which the bridge speaks to a broker: dial, declare, consume, publish.
//
// # Contract
//
// A [Session] is one connection and everything on it. Any error of the connection, a channel or a consumer ends the whole session; nothing
// of it is used again. There is no recovery inside: whoever needs a connection dials a new session and declares everything anew. So
// an acknowledgement can never reach a delivery of another session.
//
// Deliveries are handed over in order, one at a time, from a goroutine of the session; the receiver must not block, and the
// prefetch bounds how many are in hand. Acknowledging and publishing are safe from any goroutine. What was delivered and not
// acknowledged when its consumer or session ends is delivered again, in order, to somebody.
//
// Rabbit implements the port over AMQP 0-9-1, loop in memory; package linktest holds the suite that both pass.
package link
