// Package cli is the command line: one file a command, and where settings come from: flags over environment (REGISTRAR_ and the
// flag's name in upper case, with _ for -) over a YAML file (--config or REGISTRAR_CONFIG).
//
// Contract: [Run] is the whole program; it touches only what it is given. Exit codes: 0 done, 1 failed, 2 called wrongly, 3 an upgrade of the store is needed (store upgrade --check). An error is
// one line on the error writer. No password is an argument, and none is printed.
package cli
