// Package fault injects faults at named points of the code: a panic, the end of a goroutine, a
// delay, a hang, an error, a torn write, and lost, delayed or duplicated messages.
//
// A [Set] holds the armed faults ([Rule]) of one system. A nil Set, and one without armed
// faults, cost one load and one comparison at each [Point]. Faults are armed by tests, by the
// simulator and, through the control socket, by the operator of a server that was started with
// --allow-faults. A fault hits a given number of times, once by default, and has no effect
// afterwards.
//
// Every process has the points before-handle, after-handle, before-init, after-init, in-stop and
// in-transit. A process that has to be slow for a test gets a delay at before-handle for each
// message:
//
//	faults := &fault.Set{}
//	sys := otp.NewSystem(otp.WithFaults(faults))
//	id, err := faults.Arm(fault.Rule{
//		Point: fault.BeforeHandle, Kind: fault.Delay, For: 50 * time.Millisecond,
//		Process: "bridge/authn", Times: math.MaxInt,
//	})
//
// Rule.Message restricts the rule to one type of message. [Set.Disarm] ends a delay or a hang at
// once. A delay uses the clock of the system or, if set, [Set.AfterFunc].
package fault
