// Package supervisor assembles the registrar: the supervision tree as data, its configuration, its
// start and its stop.
//
// # Order
//
// tree.go declares the tree. A child depends on its older siblings: the files start first, then
// the realms and the users, the bridge last. [Start] returns when every process is initialised,
// which for the shards means primed. Then the bridge binds its queues. [Server.Stop] goes the
// other way: the consumers stop consuming, finish and acknowledge their deliveries, the tree stops
// from its end, and the files are closed last.
//
// # Failure
//
// A crashed process is restarted in place. A supervisor with more restarts than its intensity
// within its period gives up, and its own supervisor decides. When the root gives up, the server
// ends with an error that names the chain of reasons, and the program ends. Expected trouble (no
// broker, a store that reopens) is a condition of a component and shows on readiness. It is not a
// crash.
//
// # Ownership
//
// The LOCK of the data directory belongs to the [Server] and not to a process in the tree: it is
// held from before the files are opened until after they are closed.
//
// # A new setting
//
// A setting is a field with a help tag in [Config] or in a struct that it embeds, and a default in
// [DefaultConfig]. Flag, environment variable, file, check-config and example-config follow.
package supervisor
