// Package otp gives Go processes that are supervised as in Erlang/OTP, on the message-passing core of protoactor-go. It knows nothing of what the
// processes do.
//
// # Processes
//
// A process is a [Behaviour] that takes messages of one sealed type through its address, a [Ref]. One goroutine at a time
// runs it. An incarnation lasts from Init to Terminate and has an [Epoch]; timers, tasks and completions belong to their incarnation and
// never reach a later one. A panic or runtime.Goexit in a handler is a crash of the incarnation: Terminate runs, the requests that
// it holds are answered with a [CrashError], its monitors hear [Down], and its supervisor decides. A restart is in place: a new
// behaviour from the factory, the same address, and the queue as it was.
//
// # Messages
//
// A mailbox has three lanes. The engine's own operations overtake everything; completions, timers and monitors overtake requests;
// requests keep the order in which each sender told them. Nothing blocks: [Ref.Tell] answers at once, a bound is an explicit
// [ErrOverloaded]. A process never waits for another: [Ask] has the answer come as a message. [Call] waits, for code outside.
//
// A request embeds a [From] and is answered exactly once: by whoever holds it, or by the engine when the holder crashes, ends or is
// abandoned, or when the deadline passes. None is lost in a mailbox: what a stopped process leaves behind is answered with [ErrNoProcess]
// and reported as a dead letter.
//
// # Supervision
//
// [SupSpec] declares a supervisor as data. Children start in order, each Init awaited; when one fails, those already started are
// stopped again. They stop in reverse order, each with its own time, after which it is abandoned: Go cannot kill a goroutine, so
// what does not stop is cut off, and what it still does is fenced by its [Epoch]. A supervisor gives up at more than Intensity restarts within
// Period: it stops its children and exits, and its own supervisor decides; when the top gives up, [App.Err] says why in one line. A failed
// restart is tried again through the queue and counts; [Backoff] spaces restarts, where it is asked for. [AutoShutdown] ends a supervisor with its
// significant children. A supervisor never waits for a child: the tree can be looked at, and its children managed, while one hangs.
//
// A [Family] is the dynamic kind (simple_one_for_one), inside the process that routes to its members: started on demand with the first message
// guaranteed to arrive, restarted in place, limited one by one. With Idle it puts away members that have been idle; one that has something to keep
// says so as a [Passivator], and a message that arrives meanwhile starts the next incarnation.
//
// # Operators
//
// [App.Tree] shows all processes, [App.Inspect] one with its state ([Stater]) and memory ([Sizer]); [App.Suspend], [App.Resume] and
// [App.Step] hold a process and have it handle one message; [App.StartChild] and its like manage the children of a supervisor. [App.Kill] makes a
// process crash between two messages; [App.Abandon] kills one that hangs: what is queued for it is answered with [ErrNoProcess], another comes in
// its place, and it counts as a crash, for a child of a family, too. [System.Subscribe]
// hears typed reports ([Report]); a subscriber that panics or is slow harms nobody.
//
// # Where this differs from OTP, on purpose
//
// A crash restarts in place and keeps the queue, because a lost request costs more here than a poisonous one: whoever hands work out counts
// the tries. A kill is an abandonment. Links ([Context.Link]) end a process with a crash of its own, which its supervisor then sees; supervision
// does not use them. The members of a family have no name in the core's registry, which costs more than they do: they are found by key. The cases of
// OTP's supervisor_SUITE stand in the tests by name, with what differs and why; a model of OTP's rules is compared with this code on random scripts.
package otp
