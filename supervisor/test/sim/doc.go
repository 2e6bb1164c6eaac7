// Package sim runs the registrar's real actors and its real bridge on a simulated world, one message at a time.
//
// The broker is link/loop, the store a [Store] in memory that passes the same tests as the one on bbolt, the time is that of testing/synctest: a [World]
// has to be made inside a bubble. Which process goes next, when a batch is committed and with which outcome (done, lost, unknown, or without what there is no
// room for), what the peers send, what is killed or cut and when time passes is all decided by one seed: the same seed is the same run.
//
// What is asserted: a report is acknowledged only when what it says is on disk or stands against something newer; a deadline is fixed once; a question has at
// most one answer, and a true one, or its Msg-ID is counted as one that has none; when all is quiet every report is settled and the table is what the reports
// say; nothing else hangs; after a stop in order nobody is left. Porcupine decides whether the answers about a user can be explained at all.
//
// There are two ways to play. [World.Run] makes choices: what fails is shrunk to the choices that it needs, and shown with the messages that led to it.
// [World.Tour] is one scenario in which every process takes every message that there is, with one fault in one place: all the [Cell]s of [Actors] are the
// crash matrix. Those of [Outside] are played on real files, by the tests of the packages supervisor and console. A test compares both tables with the code.
package sim
