package persistence

import "syscall"

// populate returns the mmap flag that reads a whole file into memory, if the file is smaller
// than half of the memory: page by page a cold file takes ten times as long.
func populate(size int64) int {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 0
	}
	if half := uint64(info.Totalram) * uint64(info.Unit) / 2; uint64(size) >= half { //nolint:gosec,unconvert // sizes differ by platform.
		return 0
	}
	return syscall.MAP_POPULATE
}
