// Package fleet simulates phones behind a switch, for the demo, the load command and tests.
//
// The phones of a [Fleet] share one [client.Client]. They register, refresh, move, are queried and
// unregister at a steady rate, whether replies arrive or not: a step that cannot begin on time is
// counted, not delayed, and latencies count from the due time of a step. Each reply is checked
// against the reports of the phone. At the end [Fleet.Verify] checks that every last report is shown.
package fleet
