package domain

import (
	"slices"
	"time"
)

// Document is the JSON object of a registration: the fields of its reg_success without the
// envelope, with the contact cleaned. It is immutable.
type Document []byte

// CacheID identifies a binding within its user: the lower-case hex MD5 of the cleaned contact.
type CacheID string

// Binding ties a user to one contact until a deadline (RFC 3261 section 10.2). It is immutable.
type Binding struct {
	ID CacheID
	// Contact is the contact after cleaning.
	Contact string
	// Deadline is the end of the binding, on the wall clock with millisecond precision. It is
	// fixed at acceptance and never recomputed.
	Deadline time.Time
	// Stamp orders the message that made the binding; Digest identifies it.
	Stamp  Stamp
	Digest Digest
	Doc    Document
	Flow
}

// Flow is the path on which a report of a contact came: it tells phones and proxies that report
// the same contact apart. An empty field is unknown. It is immutable.
type Flow struct {
	// CallID is the Call-ID of the REGISTER request, ProxyPath the SIP URI of the proxy.
	CallID, ProxyPath string
	// InstanceID and RegID are the +sip.instance and reg-id parameters of the contact (RFC 5626
	// section 4.1); RegID 0 means none.
	InstanceID string
	RegID      uint32
}

// Live reports whether the binding exists at now. It ends exactly at its deadline.
func (b *Binding) Live(now time.Time) bool { return now.Before(b.Deadline) }

// Tombstone records a removal. It prevents a redelivered older register from restoring the
// binding.
type Tombstone struct {
	ID CacheID
	// Stamp and Digest belong to the message that removed the binding. RemovedDigest is the
	// message that had made the binding; it is zero when the order alone identifies that message
	// as older.
	Stamp         Stamp
	Digest        Digest
	RemovedDigest Digest
	// Until is the end of the tombstone.
	Until time.Time
}

// Record is the stored state of one user. It is immutable: a change makes a new record.
type Record struct {
	Key        Key
	Bindings   []Binding
	Tombstones []Tombstone
	// Unprovisioned is set when the user had no credential here at its last registration. The
	// number of such users is limited.
	Unprovisioned bool
}

// Empty reports whether the record has no content. The store deletes empty records.
func (r *Record) Empty() bool { return len(r.Bindings) == 0 && len(r.Tombstones) == 0 }

// Header returns the part of the record that the index keeps.
func (r *Record) Header() Header {
	h := Header{Key: r.Key, Unprovisioned: r.Unprovisioned}
	for i := range r.Bindings {
		b := &r.Bindings[i]
		h.addDeadline(b.Deadline)
		if h.Stamp.Before(b.Stamp) {
			h.Stamp = b.Stamp
		}
		h.Bindings++
	}
	for i := range r.Tombstones {
		t := &r.Tombstones[i]
		if t.Until.After(h.Until) {
			h.Until = t.Until
		}
		if h.Stamp.Before(t.Stamp) {
			h.Stamp = t.Stamp
		}
	}
	return h
}

// Header is the part of a [Record] that priming reads, without documents.
type Header struct {
	Key Key
	// Deadline is the latest deadline of the bindings; zero when there is none.
	Deadline time.Time
	// Until is the latest end of the tombstones; zero when there is none.
	Until time.Time
	// Earlier are the deadlines of the other bindings, unordered; nil for at most one binding.
	Earlier []time.Time
	// Stamp is the newest stamp in the record.
	Stamp Stamp
	// Bindings counts the bindings, including expired ones.
	Bindings int
	// Unprovisioned is copied from the record.
	Unprovisioned bool
}

func (h *Header) addDeadline(t time.Time) {
	if h.Bindings == 0 {
		h.Deadline = t
		return
	}
	if t.After(h.Deadline) {
		h.Deadline, t = t, h.Deadline
	}
	h.Earlier = append(h.Earlier, t)
}

// ClampToClock corrects a record that was written while the wall clock was ahead of now, the time
// at the start of the run. Arrivals in the future are set to now, and their deadlines move by the
// same amount, so lifetimes stay. Otherwise a binding would be shown for as long as the clock was
// wrong, and every later message would count as older.
func (r *Record) ClampToClock(now time.Time) Record {
	corrected := *r
	latest := now.UnixMilli()
	ahead := func(s Stamp) int64 { return max(0, s.Arrival-latest) }
	for i, b := range corrected.Bindings {
		if by := ahead(b.Stamp); by > 0 {
			corrected.Bindings = slices.Clone(corrected.Bindings)
			b.Stamp.Arrival, b.Deadline = latest, b.Deadline.Add(-time.Duration(by)*time.Millisecond)
			corrected.Bindings[i] = b
		}
	}
	for i, t := range corrected.Tombstones {
		if by := ahead(t.Stamp); by > 0 {
			corrected.Tombstones = slices.Clone(corrected.Tombstones)
			t.Stamp.Arrival, t.Until = latest, t.Until.Add(-time.Duration(by)*time.Millisecond)
			corrected.Tombstones[i] = t
		}
	}
	return corrected
}
