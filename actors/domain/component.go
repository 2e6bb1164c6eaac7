package domain

// Component is a part of the running registrar that can be in trouble without a crash:
// a connection or consumer of the bridge, or a file of the store.
type Component struct {
	// Name identifies the component; Process is the process that is responsible for it.
	Name, Process string
	// Reason is one line that says why the component is not up. It is empty while the component is up.
	Reason string
	// Failures counts the changes from up to not up.
	Failures uint64
}
