// Package wire reads and writes the JSON messages that Whistle, Kazoo and Kamailio exchange with
// a registrar. It is the only package that knows their field names.
//
// # Contract
//
// [Decode] is lenient about types: a number or a string, a boolean or "true"/"false". It is
// strict about limits and required fields. Its errors are an [*Error] with a reason and a field
// name, never a value.
//
// [Sender] writes keys in sorted order, each field in its documented type, as valid UTF-8.
// Numbers and raw JSON are written as they were read.
//
// The package does no I/O and reads no clock. It imports the standard library, a JSON tokenizer,
// actors/domain and actors/sip. Values are safe to share once they are built.
//
// # Limits
//
// A body has at most [MaxBody] bytes, before and after inflation, and nests at most [MaxDepth]
// levels. A contact has at most [MaxContact] bytes, a realm or user at most [MaxName].
package wire
