// Package client is an AMQP client that speaks to a registrar as a switch does: it asks for credentials, reports registrations and queries them.
// The commands query, load and demo use it, and tests.
//
// Contract: a [Switch] has one session and one private queue, bound to exchange targeted under its own name; answers are matched by Msg-ID. Its
// calls wait for the answer or the end of their context and are safe for use by many goroutines. A [Trunk] connects again when its broker returns.
package client
