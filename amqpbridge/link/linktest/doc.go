// Package linktest is the conformance suite of package link.
//
//	func TestConformance(t *testing.T) { linktest.Run(t, func(t *testing.T) link.Dialer { … }) }
//
// The dialer must also implement [Admin], because deleting a queue from outside is not part of
// the port. Every test uses its own dialer and its own names, so all tests may share one broker.
// No test sleeps. A test waits for events that must happen. To show that an event does not
// happen, it waits for a later one.
package linktest
