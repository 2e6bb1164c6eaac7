package node

import "syscall"

// setDeathSignal has the kernel end the child with its parent's thread, should the pipe not be enough (epmd does not read it).
func setDeathSignal(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
