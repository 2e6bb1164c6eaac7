// Package sip holds what the registrar knows of SIP and HTTP digest text: cleaning a contact, the parts of a URI, the encoding of realm and user in AMQP
// routing keys, HA1 and digests, and which contact the end of one means.
//
// Contract: pure functions of their arguments. They never fail and never panic, whatever the bytes; input limits are the
// caller's. Only the standard library and domain are imported.
package sip
