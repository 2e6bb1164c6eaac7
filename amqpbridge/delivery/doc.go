// Package delivery decides what to do with deliveries of a broker, without doing it: which ones are
// acknowledged together, which ones have to wait, and what becomes of one whose work has failed.
//
//   - [AckTracker] turns settled deliveries into few acknowledgements.
//   - [Order] keeps deliveries about one user, or about one whole realm, in the order of arrival.
//   - [AdmissionQueue] bounds the work at a time and chooses whom to serve, and whom to shed.
//   - [Policy] decides about a failure: try again, drop or park.
//   - [RejectLimiter] bounds the cost of messages that cannot be used.
//
// The types start no goroutines and read no clock. All but [RejectLimiter] belong to one goroutine.
package delivery
