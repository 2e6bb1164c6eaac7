// Package sip implements the parts of SIP and HTTP digest syntax that the registrar needs:
// contact cleaning and comparison, URI parts, AMQP routing key encoding, HA1 and digests.
//
// Contract: pure functions. They never fail and never panic on any input. Callers limit the input
// size. Only the standard library and domain are imported.
package sip
