// Package rabbit implements [link.Dialer] for RabbitMQ 3.10 to 4.x with amqp091-go, and is its
// only importer.
//
// The library's automatic recovery is not used. After a recovery an acknowledgement with multiple
// of the old channel acknowledges other, unprocessed messages of the new one. A session of this
// package ends with its first error; late acknowledgements fail.
//
// # Goroutines
//
// A session has one goroutine that watches the connection and one for each channel that watches
// the channel. Each consumer has one that calls deliver. Each publisher has two that report
// returns and results. All have ended when Close returns. Synchronous calls of the library have
// no timeout and ignore contexts. A watchdog ends the session when the context ends or after
// [Config.CallTimeout]. A write that blocks for [Config.WriteTimeout] ends it too, even while the
// library itself waits for that write.
//
// # Secrets
//
// URLs contain passwords. No error and no log line contains a URL's password, and a printed
// [Config] or [Dialer] shows xxxxx.
package rabbit
