//go:build !linux

package node

import "syscall"

// setDeathSignal does nothing: only Linux can.
func setDeathSignal(*syscall.SysProcAttr) {}
