// Package persistence keeps registrations and credentials in two bbolt files. It is the only
// package that imports bbolt.
//
// # Contract
//
// Every call returns at once and never blocks. Its callback is called exactly once, from a
// goroutine of this package, or of the caller if the file is not open. A callback must not block. A
// write's callback gets nil only after the commit with fsync that contains the write. Calls for one
// user are carried out in order. Results do not refer to the file.
//
// One process writes each file, in batches. The operations that queue up during a commit are the
// next batch, at most [Options.MaxBatch]. The last write to a key wins. Keys are written in
// ascending order, because scattered pages dominate the cost of a commit. At most
// [Options.MaxQueued] operations wait for the writer; more are refused with [domain.Overloaded].
// Readers are processes of their own. Work that takes seconds (copies, statistics, a second priming
// of a shard) has a reader to itself.
//
// # States
//
// A file is ok, read-only or reopening. [Registrations.Trouble] returns the reason with the remedy.
//
// A failed commit has an unknown outcome: its pages may have reached the disk or not. The file is
// closed, verified and reopened before the next read; reads wait for that. Callers with a write in
// the commit get [domain.Unavailable] and have to read their record again. If the file cannot be
// reopened, an attempt follows every half second, and all calls are refused meanwhile.
//
// After a lack of space the file is read-only: reads are served, writes are refused, and a probe
// every half second tests for space. In a file of [Options.MaxSize], writes that grow the data are
// refused one by one with [domain.Full]; deletions and writes of at most the old length succeed.
// Nothing is acknowledged that is not on disk.
//
// # Fences
//
// Each incarnation of a user's actor begins with a fence. Only the fenced epoch may write, until
// the next fence, the release, or the priming of its shard. Any other write is refused with
// [domain.Conflict]. So an abandoned incarnation cannot write. A user without a fence has no owner;
// [Registrations.Prune] changes the records of such users only.
//
// # Files
//
// The data directory (mode 0700) holds LOCK, registrations.db, credentials.db and crashes.db (mode
// 0600). LOCK is held with flock for the life of the process. It contains the pid and the number
// of the run, each padded with spaces to 8 bytes and followed by a newline. An incomplete file has
// another name: NAME.db.new, copy-*.tmp, restore-*. [Tidy] removes the remains of such files.
//
// Each file is a bbolt database with two buckets. Bucket "meta" holds "format" (4 bytes) and "kind"
// ("registrations", "credentials" or "crashes"). Bucket "data" holds one value a user, under the
// key realm NUL user, with the realm in lower case.
//
//	kind           format  since
//	registrations  2       format 1 had no Call-ID, proxy path, instance ID and reg-id of a binding
//	credentials    1
//	crashes        1
//
// # Formats
//
// A file of a newer format is refused. A file of an earlier format is upgraded when it is opened,
// by serve, by store upgrade and by any other command that opens the files:
//
//  1. The file is verified.
//  2. A backup is written beside it, synced and renamed to KIND.formatN.TIME.db (mode 0600). A
//     backup is never overwritten. If an earlier backup has the same content, it is kept instead.
//  3. All values are converted into KIND.db.new, which is synced and renamed to KIND.db.
//
// A crash at any time leaves the old file or the new one. A failure leaves the old file. The step
// from format 1 to 2 takes Call-ID and Proxy-Path from the stored document, and instance ID and
// reg-id from the stored contact (RFC 5626).
//
// # Values
//
// All numbers are big-endian. Times are Unix milliseconds, 0 for none. A registrations value:
//
//	0   1  format of the value, 2
//	1   1  flags: 1 the user had no credentials when it registered
//	2   2  number of bindings
//	4   4  CRC-32C over key, bytes 0-3 and bytes 8 to the end
//	8   8  latest deadline
//	16  8  time until the last tombstone is kept
//	24  8  newest stamp: sender
//	32  8  newest stamp: event
//	40  8  newest stamp: arrival
//	48  8  epoch of the writer; 0 after a pruning or an import
//	56     body: each binding (id, contact, deadline, sender, event, arrival, digest, document,
//	       Call-ID, proxy path, instance ID, reg-id), number of tombstones (2), each tombstone
//	       (id, sender, event, arrival, digest, digest of the removed message, until)
//
// A text is its length (4 bytes) and its bytes. A digest has 16 bytes, a reg-id 4, any other number
// 8. In a value of format 1 a binding ends with its document. A credentials value:
//
//	0   1  format of the value, 1
//	1   1  flags: 1 disabled
//	2   1  number of the key that sealed the secret; 0 for plain
//	3   1  0
//	4   4  CRC-32C over key, bytes 0-3 and bytes 8 to the end
//	8      body: method, secret, account id, authorizing id, owner id, channel variables (JSON),
//	       each a text; and, only if there are any, further fields of the reply (JSON), a text
//
// A sealed secret is a nonce (12 bytes) and the AES-256-GCM ciphertext with its tag (16 bytes). The
// value's key is the additional data. A deleted, changed or resealed secret stays in free pages
// until they are reused or the file is compacted, and in backups.
//
// # Damage
//
// bbolt has no checksums for data pages, and a damaged file that is open for writing ends the
// process. So a file is verified read-only before it is opened: kind, format, key order, branch
// pages and every checksum, with faults turned into errors. A damaged file is refused with the
// reason; it is never repaired and never replaced. [CheckFile] checks more, on a copy.
package persistence
