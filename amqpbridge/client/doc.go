// Package client is an AMQP client of a registrar. It asks for credentials, reports
// registrations and queries them, as a SIP proxy or switch does. The commands query, load and
// demo use it, as do tests.
//
// # Contract
//
// A [Conn] has one session and one exclusive reply queue, bound to exchange targeted under the
// client's name. Replies are matched to requests by Msg-ID. A request ends with its reply, with
// [ErrUnroutable] when no queue takes it, with [ErrDisconnected] when the session ends, or with
// its context. A report ends when the broker has confirmed it.
//
// A Conn does not reconnect. A [ReconnectingClient] connects again, in the background, until it
// is closed. Requests and reports that are open when the session ends fail; the registrar may
// have received them.
//
// All methods are safe for concurrent use.
package client
