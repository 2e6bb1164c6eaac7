// Package console is what an operator reaches a running registrar through: the admin server (health, readiness, metrics) over HTTP, and the control API
// that the commands use, over a Unix socket in the data directory.
//
// Contract: it observes and asks; it owns no state of the registrar and nothing depends on it. What it needs it declares as interfaces of
// its own. The control API never returns a secret, and takes secrets over the socket only, which is readable by the owner alone
// (mode 0600). Requests are bounded in size and time.
//
// # Metrics
//
// Beside those of the Go runtime and the operating system's process, /metrics has
//
//   - registrar_ready, and registrar_part_up{part}: 1 or 0. A part is one of the bridge's (consuming, publishing, publisher, pulse and each flow) or a file of the
//     store. Why a part is not up stands on /readyz and in the tree.
//   - registrar_part_failures_total{part}: how often a part has ceased to be up; it tells of what was over before anybody looked.
//   - registrar_messages_total{flow,outcome}: what became of messages.
//   - registrar_store_commits_total{file}, registrar_processes, registrar_restarts: the restarts of all processes since the start.
package console
