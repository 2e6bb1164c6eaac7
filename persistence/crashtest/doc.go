// Package crashtest has file systems with power failures on request, to test the protection of
// fsync.
//
// [FS] is in memory, over FUSE. After a crash a file holds the synced data plus any part of the
// unsynced data: each page of each write is there or not, and the last one may be torn. The
// image can be mounted again.
//
// Contract: one flat directory of files and sockets. Contents are durable after fsync of the
// file; names (create, rename, remove) after fsync of the directory. Until then a name is as now
// or as before. Space can be limited, and syncs can be made to fail. The process that uses the
// files must not be the one that serves them: a page fault would wait for a goroutine that the
// runtime may have stopped. It needs Linux and /dev/fuse.
//
// [Ext4] is a real ext4 on a loop device that is shut down without its journal. It needs Linux
// and root.
package crashtest
