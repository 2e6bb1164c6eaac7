// Package loop is the link in memory: a small broker with exchanges, queues, prefetch, acknowledgement, redelivery, time-to-live, length limits,
// dead letters, mandatory returns and confirms, and the same contract as the real one. It serves the demo where no broker is
// installed, tests and simulation. Nothing in it is durable: what is lost is lost with the [Broker].
//
// One mutex guards the whole broker. Deliveries are handed over by one goroutine a consumer, in order, as the port demands.
package loop
