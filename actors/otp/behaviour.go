package otp

// Behaviour is the code of a process. At most one goroutine at a time calls it, so its fields need
// no lock.
type Behaviour[M any] interface {
	// Init prepares an incarnation; the supervisor waits for it. An error or a panic fails the
	// start.
	Init(c *Context[M]) error
	// Handle handles one message. A panic or a runtime.Goexit crashes the incarnation: Terminate
	// runs, held requests fail with a [CrashError], and the supervisor decides.
	Handle(c *Context[M], msg M)
	// Terminate is called once at the end of each incarnation after Init was called, with the
	// reason. A panic in it is ignored. No more messages arrive.
	Terminate(c *Context[M], r Reason)
}

// Stater is a behaviour that shows its state to operators. State must not contain secrets.
type Stater interface{ State() any }
