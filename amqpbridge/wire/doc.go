// Package wire reads and writes the JSON messages that Whistle, Kazoo and Kamailio exchange with a registrar. It is the only package that knows
// their field names.
//
// Contract: reading is lenient in types (numbers or strings, booleans or "true"/"false") and strict in limits and required fields; an
// [Error] names a reason and a field, never a value. Writing is strict: keys sorted, each field in its documented type. Nothing here does
// I/O or reads a clock; the standard library and a decoder are all that is imported. Values are safe to share once made.
//
// Limits: a body of [MaxBody] bytes, also after inflation; a nesting of [MaxDepth]; a contact of [MaxContact] bytes; realm and
// user of [MaxName] bytes each.
package wire
