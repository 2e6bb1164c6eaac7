// Package cli is the command line, one file for each command.
//
// A setting comes from its flag, else from the environment (REGISTRAR_ and the name of the flag in
// upper case, with _ for -), else from a YAML file (--config or REGISTRAR_CONFIG), else from
// [supervisor.DefaultConfig].
//
// [Run] is the whole program and uses nothing but its arguments. The exit codes are 0 for success,
// 1 for a failure, 2 for wrong usage and 3 when the store needs an upgrade (store upgrade
// --check). An error is one line on the error writer. No password is an argument, and none is
// printed.
package cli
