// Package delivery holds the decisions about deliveries of a broker: their acknowledgement, their
// order, their admission, and their retry or parking after a failure.
//
//   - [AckTracker] turns settled deliveries into few acknowledgements.
//   - [Order] keeps deliveries about one user, or about one whole realm, in the order of arrival.
//   - [AdmissionQueue] bounds the work at a time and chooses which item to serve, and which to shed.
//   - [Policy] decides about a failure: try again, drop or park.
//   - [RejectLimiter] bounds the cost of messages that cannot be used.
//
// The types start no goroutines and read no clock. All but [RejectLimiter] belong to one
// goroutine.
package delivery
