// Package chaos breaks a registrar on purpose, under load, on a real broker and a real file, and looks whether what was promised was kept.
//
// # What is broken
//
// The registrar runs as a child of its own (`registrar serve --allow-faults`), behind a proxy (toxiproxy), on a private RabbitMQ. Single users' and realms' actors are
// killed all the time; now and then a writer of a file, a part of the bridge or a supervisor, every other one without its cooperation; and one after the other, in an order that a seed
// decides, the network is cut, slow, or forgets its connections, the broker is killed, and the process is. [Fault] lists all kinds.
//
// # What is promised
//
//   - No registration is lost. A report that the broker has confirmed to its publisher is either in the registrar's queue or in its file, or a newer
//     one is. This is looked at while the registrar is dead (an audit), after its disk was made to stall (the writer is held): what has been
//     acknowledged too early has no chance then. In the end everybody's last report has to be shown by queries, be in the file, and be shown after a restart.
//   - No answer is wrong. The [Ledger] has, for each user, all that was reported, set, asked and answered with its times; there has to be an order that
//     explains it (porcupine). So a password that was changed is never answered with the old one, a contact is never older than one shown before.
//   - A question about credentials that is not answered in time was asked while something that many stand on was broken. That a user's or a realm's actor
//     dies is no such excuse.
//   - Everything heals: the registrar is ready, and its tree is the one that was declared.
//
// # Who measures
//
// From each harm on the registrar is asked every 20 ms; it has healed at the first of ten answers in a row. What a probe asks is what the victim is for:
// credentials, a registration until it is shown, a password until it is set; and both sides when everything was stopped. The switches speak to the broker
// directly: only the registrar is behind the proxy. They publish a report until it is confirmed.
//
// # What is left out
//
// The wire has whole seconds and no sequence numbers. When a connection dies unnoticed, the broker holds what it had sent over it and delivers what is newer
// first. Two reports about a user from within the same second, or that a phone has gone before anybody has seen that it came, can then be taken in the
// wrong order, until the phone's next report or the end of its registration. The phones here do neither.
//
// # Bounds
//
// One run a process and broker of its own, which end with the process that runs it, however that ends. The ledger keeps everything: about 100 bytes an
// operation. It is for Unix: it needs /bin/sh.
package chaos
