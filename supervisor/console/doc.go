// Package console is what an operator reaches a running registrar through: the admin server (health, readiness, metrics) over HTTP, and the control API
// that the commands use, over a Unix socket in the data directory.
//
// Contract: it observes and asks; it owns no state of the registrar and nothing depends on it. What it needs it declares as interfaces of
// its own. The control API never returns a secret, and takes secrets over the socket only, which is readable by the owner alone
// (mode 0600). Requests are bounded in size and time.
package console
