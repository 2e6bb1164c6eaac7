// Package supervisor is the composition root: the supervision tree of the registrar as data, its start and its stop.
//
// # Order
//
// tree.go declares the tree. What stands lower depends on what stands higher: the files come first, then the realms and the users,
// the bridge last. [Start] returns when every process has been initialised, which for the shards means that they are primed; only
// then does the bridge bind its queues. [Server.Stop] goes the other way: the flows take no more deliveries, finish and
// acknowledge those in hand, then the tree is stopped from its end, and the files are closed last.
//
// # Failure
//
// A process that crashes is restarted in place. A supervisor that sees more restarts than its intensity within its period gives up, and
// its own supervisor decides; when the top gives up, the server is done with an error that names the chain of reasons, and the program
// ends. Trouble that is expected (no broker, a store that reopens) is a state of a process and shows on readiness, not a crash.
//
// # Ownership
//
// The LOCK of the data directory belongs to the [Server], not to a process in the tree: it is held from before the files are opened
// until after they are closed.
package supervisor
