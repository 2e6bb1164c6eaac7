// Package rabbit implements [link.Dialer] over RabbitMQ 3.10 to 4.x with amqp091-go, and is its only importer.
//
// The library's automatic recovery is not used: after it, an acknowledgement with multiple of the old channel acknowledges
// other, unprocessed messages of the new one. A session here is over with its first error; late acknowledgements fail.
//
// # What runs
//
// A session has one goroutine that watches the connection, one for each channel that watches the channel, one for each consumer
// that calls deliver, and two for each publisher that tell returns and outcomes. All have ended when Close returns.
// Every synchronous call of the library waits without a limit and knows no context; a watchdog ends the session when the
// context ends or after Config.CallTimeout. A write that is stuck for Config.WriteTimeout ends it too, also when the library itself
// waits for that write.
//
// # Secrets
//
// Addresses carry passwords. They are in no error and no log line, and a [Config] or [Dialer] that is printed shows xxxxx.
package rabbit
