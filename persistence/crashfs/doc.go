// Package crashfs is a file system in memory that loses power on request, over FUSE: for tests of what fsync really protects. After a crash a
// file holds what was synced plus any part of what was written since: each page of each write is there or not, and the last one
// that is may be torn.
//
// Contract: one flat directory. What happens to names (create, rename, remove) is durable at once; contents are durable after fsync. The
// process that uses the files must not be the one that serves them: a page fault would wait for a goroutine that the runtime may
// have stopped. Linux only, and it needs /dev/fuse.
package crashfs
