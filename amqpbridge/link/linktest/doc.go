// Package linktest holds every implementation of package link to its contract.
//
//	func TestConformance(t *testing.T) { linktest.Run(t, func(t *testing.T) link.Dialer { … }) }
//
// The dialer must be an [Admin], too: deleting a queue from outside is not part of the port. Every test makes a dialer of its own and takes
// names that no other test takes, so all may share one broker. Nothing sleeps; what must happen is waited for, and that
// something does not happen is shown by something later that does.
package linktest
