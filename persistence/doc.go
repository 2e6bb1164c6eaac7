// Package persistence keeps registrations and credentials in two bbolt files. It is the only package that imports bbolt.
//
// # Contract
//
// Every call returns at once. Its callback is called exactly once, from a goroutine of this package (or the caller's, when nothing is
// open), and must not block. A write's callback gets nil only after the commit with fsync that contains it. Calls for one user are
// carried out in the order in which they were made. What is read is copied out.
//
// One process writes each file, in batches: what has queued up during the last commit is the next batch, at most [Options.MaxBatch]
// operations; the last write to a key wins; the keys are written in ascending order, because scattered pages are what a write costs. At most
// [Options.MaxQueued] operations wait for it: one more is refused with [domain.Overloaded], so that nobody waits for a place. Readers are
// processes of their own; what takes seconds (copies, statistics, a shard that primes again) has one to itself.
//
// # States
//
// A file is ok, read-only or reopening; [Registrations.Trouble] says why it is not ok, in one sentence with the way out.
//
// A failed commit has an unknown outcome: a page may have reached the disk or not. The file is closed, looked through and opened again before anything
// is read from it or decided on it; reads wait for that. Whoever had a write in it is told [domain.Unavailable] and has to read its record
// again; nobody else notices. If it cannot be opened again it is tried every half second, and all calls are refused meanwhile. When there was no
// space, it is read-only afterwards: reads go on, writes are refused, and every half second a probe finds out whether there is space again. In a file
// that has reached [Options.MaxSize] what makes it longer is refused with [domain.Full], write by write; what replaces a value by one that is not longer,
// or deletes, goes on. Nothing is acknowledged that is not on disk.
//
// # Fences
//
// Each incarnation of a user's actor begins with a fence. Only the fenced epoch may write, until the next fence, the release, or the
// priming of its shard; any other write is refused with [domain.Conflict]. So an incarnation that was given up on cannot write. A user without a
// fence is owned by nobody; [Registrations.Prune] changes the records of such users alone.
//
// # Files
//
// The data directory (mode 0700) holds LOCK, registrations.db and credentials.db (mode 0600). LOCK is held with flock for the life of
// the process and contains its pid and the number of the run, each with spaces to 8 bytes and on a line of its own. A file that is being made has another
// name until it is complete and synced: NAME.db.new, copy-*.tmp, restore-*; [Tidy] removes what was left of such.
//
// Both files are bbolt databases with two buckets. Bucket "meta" holds "format" (4 bytes, big-endian, 2 for registrations and 1 for credentials) and "kind"
// ("registrations" or "credentials"). Bucket "data" holds one value a user, under the key realm NUL user, the realm in lower case. A file of an earlier
// format is brought forward when it is opened, as a copy that takes its place; one of a newer format is refused.
//
// All numbers are big-endian. Times are Unix milliseconds, 0 for none. A registrations value:
//
//	0   1  format of the value, 2
//	1   1  flags: 1 the user had no credentials when it registered
//	2   2  number of bindings
//	4   4  CRC-32C over key, bytes 0-3 and bytes 8 to the end
//	8   8  latest deadline
//	16  8  when the last tombstone may be forgotten
//	24  8  newest stamp: sender
//	32  8  newest stamp: event
//	40  8  newest stamp: arrival
//	48  8  epoch of the writer; 0 when it was pruned or imported
//	56     body: each binding (id, contact, deadline, sender, event, arrival, digest, document,
//	       Call-ID, proxy path, instance id, reg-id (4)), number of tombstones (2),
//	       each tombstone (id, sender, event, arrival, digest, digest of what was removed, until)
//
// A text is its length (4 bytes) and its bytes; a digest is 16 bytes; everything else is 8 bytes. A credentials value:
//
//	0   1  format of the value, 1
//	1   1  flags: 1 disabled
//	2   1  number of the key that the secret is sealed with; 0 for plain
//	3   1  0
//	4   4  CRC-32C over key, bytes 0-3 and bytes 8 to the end
//	8      body: method, secret, account id, authorizing id, owner id, channel variables (JSON), each a text; and, only if
//	       there are any, further fields of the answer (JSON), a text
//
// A sealed secret is a nonce (12 bytes) and the AES-256-GCM ciphertext with its tag (16 bytes), with the value's key as additional data. A secret that was
// deleted, changed or sealed anew stays in free pages of the file until they are used again or the file is compacted, and in backups.
//
// # Damage
//
// bbolt has no checksums of its own for pages of data, and a damaged file that is open for writing ends the process. So a file is looked through
// read-only before it is opened: kind, format, the order of the keys, every checksum, with faults turned into errors. What is damaged is refused in one sentence,
// never repaired and never replaced. [CheckFile] does more of it on a copy.
package persistence
