// Package crashtest has file systems that lose power on request: for tests of what fsync really protects.
//
// [FS] is one in memory, over FUSE. After a crash a file holds what was synced plus any part of what was written since: each page of each write is there
// or not, and the last one that is may be torn. What is left can be mounted again.
//
// Contract: one flat directory of files and sockets. Contents are durable after fsync of the file, names (create, rename, remove) after fsync of the
// directory; until then they are as they are or as they were. A disk can be made too small, and syncs can be made to fail. The process that uses the
// files must not be the one that serves them: a page fault would wait for a goroutine that the runtime may have stopped. Linux only, and it needs
// /dev/fuse.
//
// [Ext4] is a real ext4 on a loop device that is shut down without its journal. Linux only, and for root.
package crashtest
