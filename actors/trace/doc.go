// Package trace records what the processes of the registrar say to each other, and shows it.
//
// A [Recorder] holds the last events in rings that never grow: one event for each message that was handled, each AMQP delivery and publishing, each
// commit of the store, and each start, stop, crash and restart. Recording never blocks and starts no goroutine: what finds its place taken is
// dropped and counted. A nil Recorder, and its zero value, record nothing.
//
// Order: events are ordered by their time on the monotonic clock; at the same time a cause comes before its effect, and the messages of one incarnation of a
// process stay in the order of their numbers.
//
// Cause: the id of an event is that of the message that was handled; its cause is the id of the message that was in hand where it was sent. A
// completion, which comes from another goroutine, and a timer have as their cause the message in which they were asked for; an answer has the message
// in which it was given, and the message in which it was asked for if nobody gave it: when time was up, or nobody was there. What comes from outside has none.
//
// Secrets: an event holds a [Note] and never a message. A type of message declares with [Noter] what may be told of it; what does not is told by its type.
// Notes are cut to a bounded length.
//
// Everything else here works on lists of [Event], recorded or read back from JSON Lines: selecting ([Filter]), following ([Recorder.Follow]), the
// chain of causes ([Chain]), charts as text, Mermaid and SVG, files for Perfetto and ShiViz, and the difference between two runs.
package trace
