// Package loop is a broker in memory with the contract of package link: for simulation, tests and the embedded demo. It passes the
// suite in linktest that the real broker passes.
//
// # Determinism
//
// A broker has no goroutine. Every call changes its state under one lock and leaves the functions to be called (deliver, done,
// OnReturn) in one queue for the whole broker; the call that finds nobody at work calls them, one after another, without
// the lock. So with one goroutine, everything that a call causes has happened when it returns, in an order that only the
// calls decide; with several, one of them does the others' work and the order is that of their turns at the lock.
// Queues hand messages to their consumers in turn. Times (TTL, expiration, expiry of queues) are kept by timers of
// package time, real or those of testing/synctest.
//
// A function that is called may acknowledge and publish; what it causes is called after it. It must not wait for
// anything that another such function does: not Cancel, not Close, and no confirmed publishing beyond the window.
//
// # What is modelled
//
// Topic, direct and the default exchange; classic and quorum queues (the latter with a delivery limit), exclusive,
// server-named and auto-delete queues; prefetch, multiple, requeue to the old place, Redelivered; TTL, expiration, length,
// queue expiry, dead letters with x-first-death-* headers; mandatory returns, confirms, alarms. A stop forgets what a real one would: exclusive and
// non-durable queues, non-durable exchanges with their bindings, messages that are not persistent.
//
// Not modelled: permissions and virtual hosts, headers and fanout exchanges, x-death, streams, the time that anything takes.
//
// # Faults
//
// [Broker.Cut] ends all sessions, as a network would. [Broker.Stop] and [Broker.Start] are a restart. [Broker.Refuse] has Dial fail.
// [Broker.Block] raises an alarm. [Broker.HoldConfirms] keeps confirms back. [Broker.DeleteQueue] deletes a queue. Each takes
// effect before it returns.
package memory
