// Package sim runs the registrar's real actors and its real bridge in a simulated world, one
// message at a time.
//
// The broker is amqpbridge/link/memory. The store is a [Store] in memory that passes the tests of
// the one on bbolt. The time is that of testing/synctest: a [World] must be made inside a bubble.
// One seed decides everything else: the next process, when a batch commits and with which outcome
// (committed, lost, unknown, or without writes that do not fit), the messages of the clients,
// kills, broken connections and the passing of time. The same seed is the same run.
//
// The invariants: a report is acknowledged only when it, or something newer, is on disk. A deadline
// is fixed once. A request has at most one reply, and a true one, or its Msg-ID is counted as
// unanswered. At rest, every report is settled and the registrations follow from the reports. No
// process hangs. After a stop in order no process is left. Porcupine decides whether any order of
// the operations explains the replies about a user.
//
// There are two ways to play. [World.Run] makes random choices; a failure is shrunk to the choices
// that it needs and shown with the messages that led to it. [World.RunScenario] plays one scenario
// in which every process handles every message type, with one fault in one place: all [Cell]s of
// [Actors] are the crash matrix. Those of [NotSimulated] are played on real files by the tests of
// the packages supervisor and console. A test compares both tables with the code.
package sim
