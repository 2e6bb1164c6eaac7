// Package crashfs is a file system in memory that loses power on request, over FUSE: for tests of what fsync really protects. After a crash a
// file holds what was synced plus any part of what was written since: each page of each write is there or not, and the last one
// that is may be torn.
//
// Contract: one flat directory. Contents are durable after fsync of the file, names (create, rename, remove) after fsync of the directory; until then
// they are as they are or as they were. A disk can be made too small, and syncs can be made to fail. The process that uses the files must not be the one that serves them: a page fault would wait for a goroutine that the runtime may
// have stopped. Linux only, and it needs /dev/fuse.
package crashfs
