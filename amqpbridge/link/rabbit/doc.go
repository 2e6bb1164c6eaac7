// Package rabbit is the link over amqp091-go, which only it imports.
//
// The client library's own recovery is not used: after a reconnect it lets an acknowledgement of an old delivery reach a new one. A session here
// is one connection; a watcher ends it on the first sign of trouble, and closing is bounded in time, because the library's synchronous calls
// know no timeout. One goroutine owns a channel's synchronous calls: consumers consume and acknowledge, publishers only publish once they are set
// up.
//
// Passwords stand in URLs: no error and no log line of this package contains one.
package rabbit
