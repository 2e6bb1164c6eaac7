// Package domain holds the values that the packages of the registrar exchange: users,
// credentials, registrations, the order of events, and error kinds.
//
// Contract: values only. The package does no I/O, reads no clock, starts no goroutine and has no
// global state. Every value is safe to copy. Types that hold a slice document its owner. Only the
// standard library is imported.
//
// A [Key] is an address of record (AOR). A [Binding] ties it to one contact until a deadline (RFC
// 3261 section 10). A [Credential] is a password or an HA1 (RFC 7616 section 3.4.2) within a
// realm.
package domain
