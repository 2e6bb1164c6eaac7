// Package domain holds the values that the rooms of the registrar exchange: who a user is, what a credential and a
// registration are, how two events are ordered and what kinds of error there are.
//
// Contract: values only. Nothing here does I/O, reads a clock, starts a goroutine or keeps state; every value is safe to
// copy, and what holds a slice says who may write to it. Only the standard library is imported.
//
// Names follow the field: an address of record (AOR) is a [Key], a binding ties it to one contact until a deadline
// (RFC 3261 section 10), a credential is a password or an HA1 (RFC 7616 section 3.4.2) within a realm.
package domain
