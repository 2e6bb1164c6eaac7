// Package console serves the operator of a running registrar: the admin server (health,
// readiness, metrics) over HTTP, and the control API of the commands over a Unix socket in the
// data directory. It also has the process that stores crash reports, and the format of
// credential files.
//
// Contract: the package observes and calls; it owns no state of the registrar, and no other
// process depends on it. The interfaces that it needs are declared here ([Source], [Store],
// [ProcessControl], [Tracing], [FaultControl]). The control socket is accessible to its owner
// only (mode 0600). The API returns secrets only for an export (/v1/store/secrets). A request is
// bounded in size (256 MiB for an import) and time (2 minutes); a listing returns at most 1000
// items a page.
//
// Errors of the control API are one line of text with an HTTP status by kind: 400 invalid, 403
// faults not allowed, 404 not found, 409 conflict, 429 overloaded, 503 unavailable or starting,
// 507 full.
//
// # Metrics
//
// /metrics has the metrics of the Go runtime and of the operating system's process, and these:
//
//   - registrar_ready: 1 while the registrar is primed, consuming and able to answer, else 0.
//   - registrar_component_up{component}: 1 or 0. The components are those of the bridge (consuming,
//     publishing, publisher, pulse, and each flow) and the files of the store. /readyz and the tree
//     show the reason.
//   - registrar_component_failures_total{component}: changes from up to not up, including those that
//     ended between two scrapes.
//   - registrar_messages_total{flow,outcome}: messages by outcome. Every message ends
//     with exactly one outcome, such as registered, refreshed, store_full (no space for a new
//     registration), not_leader (left to the leader of several nodes), unroutable (the requester is
//     gone), deadline_exceeded (too late for a reply), unsupported_method (an Auth-Method that is not
//     served here), not_registered or already_expired.
//   - registrar_retries_total{flow}: attempts after the first at the work of a message.
//   - registrar_timestamp_rejected_total{flow}: messages whose event time cannot be used.
//   - registrar_store_commits_total{file}: commits of a file.
//   - registrar_processes: running processes of the tree.
//   - registrar_process_restarts_total: restarts of all processes since the registrar started.
package console
