// Package trace records the messages between the processes of the registrar.
//
// A [Recorder] keeps the most recent events in rings of fixed size. It gets one event for each
// handled message, each AMQP delivery and publish, each commit of the store, and each start,
// stop, crash and restart of a process. Recording never blocks and starts no goroutine: an event
// whose slot is in use is dropped and counted. A nil Recorder and the zero Recorder record
// nothing.
//
// Order: events are sorted by the monotonic clock. At equal times a cause precedes its effects,
// and the messages of one incarnation keep the order of their numbers.
//
// Cause: the ID of an event is the ID of the handled message. Its cause is the ID of the message
// that the sender was handling when it sent this one. A completion and a timer have as their
// cause the message in which they were requested. A reply has as its cause the message in which
// it was given; if nobody replied (the deadline passed, or the callee did not exist), the
// message of the request. A message from outside the supervision tree has no cause.
//
// Secrets: an event holds a [Note], never a message. A message type declares through [Noter] the
// text that may be recorded; without it, only the name of the type is recorded. Notes have a
// bounded length.
//
// All other functions work on lists of [Event], either recorded or read from JSON Lines
// ([ReadLines]): conversations that match a [Filter] ([Select], [Recorder.Follow]), the events
// connected with one message ([Chain]), and the events that belong to a crash ([CrashReport]).
// Package traceview draws them.
package trace
