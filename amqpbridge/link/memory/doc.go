// Package memory is a broker in memory with the contract of package link, for simulation, tests
// and the demo. It passes the same suite (linktest) as package rabbit.
//
// # Determinism
//
// A broker has no goroutine. Every call changes its state under one lock and appends callbacks
// (deliver, done, OnReturn) to one queue of the broker. If no other call runs callbacks, this
// call runs them one at a time without the lock. With one goroutine, all effects of a call have
// happened when it returns, in an order that depends only on the calls. With several goroutines,
// one of them runs the callbacks of the others, in the order of their locking. Queues deliver to
// their consumers round robin. Timers for TTL, expiration and queue expiry use package time, so
// testing/synctest works.
//
// A callback may acknowledge and publish; the callbacks that this causes run later. It must not
// wait for other callbacks: no Cancel, no Close, and no confirmed publishing beyond the window.
//
// # Model
//
// Exchanges are topic, direct and the default exchange. Queues are classic or quorum (with a
// delivery limit), exclusive, server-named or auto-delete. The model has prefetch, multiple,
// requeue at the old position and Redelivered. It has TTL, expiration, length limits, queue
// expiry, and dead letters with x-first-death-* headers. It has mandatory returns, confirms and
// alarms. [Broker.Stop] removes the same data as a stop of RabbitMQ: exclusive and non-durable
// queues, non-durable exchanges with their bindings, and transient messages.
//
// Not modelled: permissions, virtual hosts, headers and fanout exchanges, x-death, streams,
// latency.
//
// # Faults
//
// [Broker.Cut] ends sessions like a network failure. [Broker.Stop] and [Broker.Start] restart the
// broker. [Broker.Refuse] makes Dial fail. [Broker.Block] sets an alarm. [Broker.HoldConfirms]
// delays confirms. [Broker.DeleteQueue] deletes a queue. Each takes effect before it returns.
package memory
