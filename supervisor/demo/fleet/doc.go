// Package fleet is a simulated Whistle switch with phones: it asks for credentials, reports registrations and queries them through the same
// wire messages as a real one. It serves the demo, load and tests; the registrar itself does not need it.
//
// Contract: a [Switch] has one session and one private queue, bound to exchange targeted under its own name; answers are matched by Msg-ID. Its
// calls wait for the answer or the end of their context and are safe for use by many goroutines. A [Trunk] is a switch that comes back when its
// broker does.
//
// A [Fleet] is a number of phones behind one switch that register, refresh, move, ask and leave at a steady rate, whether answers come or
// not: what cannot begin at its time is counted, not delayed, and latencies count from when a step was due. In the end it can tell whether
// everything that it reported is shown.
package fleet
