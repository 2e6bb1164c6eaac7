// Package chaos injects faults into a registrar under load, on a real broker and a real file, and
// checks its promises.
//
// # Faults
//
// The registrar runs as a child process (`registrar serve --allow-faults`) behind a proxy
// (toxiproxy), on a private RabbitMQ. Actors of users and realms are killed all the time. Now and
// then a file's writer, a process of the bridge or a supervisor is killed, every other one without
// its cooperation. One after the other, in an order that a seed decides, the network is cut, slow
// or half-open, the broker is killed, and the registrar is killed. [Fault] lists all kinds.
//
// # Promises
//
//   - No registration is lost. A report that the broker confirmed to its publisher is in the
//     registrar's queue or in its file, or a newer one is. An audit checks this while the registrar
//     is dead, after a disk stall (its writer is suspended): a report acknowledged before its commit
//     is missing then. At the end each user's last report is shown by queries, is in the file, and
//     is shown after a restart.
//   - No reply is wrong. The [Ledger] has the reports, password changes, requests and replies of
//     each user with their times. Some order must explain them (porcupine). So a reply never has an
//     old password after a change, and never a contact older than one shown before.
//   - An authn without a reply in time was sent during a fault of a shared process. The death of
//     one user's or realm's actor does not explain it.
//   - Everything recovers: the registrar is ready, and its tree is as declared.
//
// # Measurement
//
// After each fault a probe runs every 20 ms; the time to recover ends with the first of ten
// successes in a row. The probe uses the service of the process: an authn, a registration until it
// is shown, a password change until it is done; after a global fault both. The switches connect to
// the broker directly: only the registrar is behind the proxy. They repeat a report until it is
// confirmed.
//
// # Limits
//
// The wire has whole seconds and no sequence numbers. When a connection dies unnoticed, the broker
// keeps its deliveries and delivers newer ones first. Then two reports about a user within one
// second, or an unregistration that overtakes its registration, may be taken in the wrong order
// until the phone's next report or the end of its registration. A third case: a phone registers
// contact A, moves to B and unregisters B. If A is delivered last it is taken for a new
// registration, because a tombstone refuses older reports of its own contact only. The phones here
// send none of these.
//
// A run has a process and a broker of its own, which end with the process that started them. The
// ledger keeps about 100 bytes per operation. The package needs Unix: it uses /bin/sh.
package chaos
