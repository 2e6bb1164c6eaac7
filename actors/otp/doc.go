// Package otp runs supervised processes in the manner of Erlang/OTP. It uses a small part of
// protoactor-go and imports nothing of the registrar's domain.
//
// # The simplest path
//
// Write a [Behaviour] for a sealed message type, make its address with [NewRef], declare it as a
// [Worker] in a [SupSpec] and start the tree with [Start]. Send with [Ref.Tell], ask from outside
// with [Call]; [App.Stop] stops everything. The package example is complete. A [DynamicSupervisor]
// adds a process for each key.
//
// # Processes
//
// At most one goroutine at a time runs a process. An incarnation lasts from Init to Terminate and
// has an [Epoch]. Timers, tasks and completions belong to their incarnation and never reach a later
// one. A panic or runtime.Goexit in a handler is a crash: Terminate runs, the held requests fail
// with a [CrashError], monitors receive [Down], and the supervisor decides. A restart is in place:
// a new behaviour, the same address, the same queue.
//
// # Messages
//
// A mailbox has three queues. Operations of the engine overtake everything; completions, timers and
// monitors overtake requests; messages of one sender to one process keep their order. No send
// blocks: [Ref.Tell] returns at once, with [ErrOverloaded] at the bound. A process never waits for
// another: [Ask] delivers the answer as a message. Only goroutines outside of the tree use [Call].
//
// A request embeds a [From] and is answered exactly once: by its holder; by the engine if the
// holder crashes, ends or is abandoned; or by its timeout. A stopped process leaves no request
// unanswered: the engine fails queued ones with [ErrNoProcess] and reports dead letters.
//
// # Supervision
//
// [SupSpec] declares a supervisor as data. Children start in order, each after the Init of the one
// before. If one fails, the started ones are stopped again. Children stop in reverse order, each
// within its [ChildSpec.Shutdown]; then they are abandoned. Go cannot kill a goroutine: an
// abandoned process loses its address and its epoch, and later effects of its goroutine are
// refused by epoch.
//
// A supervisor with more than Intensity restarts within Period gives up: it stops its children and
// exits, and its own supervisor decides. If the top gives up, [App.Err] has the reason in one line.
// A failed restart is tried again through the queue and counts. A supervisor never waits for a
// child: its tree can be inspected and its children managed while one hangs.
//
// A [DynamicSupervisor] (simple_one_for_one) belongs to the process that routes to its children. It
// starts them on demand, restarts them in place and limits the crashes of each on its own. It
// passivates idle children, unless they refuse as a [Passivator]; a message that arrives during the
// passivation starts the next incarnation.
//
// # Operators
//
// [App.Tree] and [App.Inspect] show processes and their state ([Stater]).
// [App.Suspend], [App.Resume] and [App.Step] control the handling of messages. [App.Kill] crashes a
// process between two messages; [App.Abandon] ends one that hangs. [System.Subscribe] delivers
// [Report] values; a slow or panicking subscriber does not affect the processes.
//
// # Used by the registrar, and OTP's contract only
//
// The registrar uses permanent workers and supervisors under OneForOne and RestForOne, dynamic
// supervisors with passivation, Tell, Ask, Call, Completion, Task, timers and reports, and the
// operators' functions above. These parts have no caller outside of this package:
//
//   - managing children of a running supervisor ([App.StartChild], [App.TerminateChild],
//     [App.RestartChild], [App.DeleteChild], [App.WhichChildren], [App.CountChildren],
//     [App.ChildSpecOf])
//   - [DynamicSupervisor.Stop], [Link] and [Monitor]
//   - [Transient], [Temporary], [Ignore], [OneForAll], [AutoShutdown], [BrutalKill], [Infinity]
//   - [Backoff], which OTP does not have; the bridge spaces its connection attempts itself
//
// They complete OTP's contract and are tested like the rest: the tests name every case of
// supervisor_SUITE (OTP 27), and random scripts compare this code with a model of OTP's rules.
//
// # The part of protoactor-go
//
// Protoactor-go provides the registry of process ids, sending to an id, and the dispatcher that
// starts a goroutine for a process with work. Only protoactor.go imports it. Mailboxes, life cycle,
// supervision, timers, requests, monitors, reports and passivation are code of this package,
// because the library's own lose messages, hang or end the program; protoactor_test.go shows each
// case. Dynamic children are not in the registry: an entry costs more memory than the process.
// A system with a [Scheduler] does not use the library at all.
//
// # Differences from OTP
//
// A restart keeps the queue, because a lost request costs more here than a request that crashes
// its handler again; callers that redeliver count the attempts. A kill is an abandonment. Links
// ([Link]) crash a process, and its supervisor sees that crash; supervision itself uses no links.
// Dynamic children have no registered name; their key finds them. The supervisor_SUITE tests give
// the reason for each case that differs.
package otp
