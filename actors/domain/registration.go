package domain

import (
	"slices"
	"time"
)

// Document is the JSON object of a registration: the fields of its reg_success, with the contact cleaned, without the
// envelope. It is immutable.
type Document []byte

// CacheID identifies a binding within its user: the lower-case hex MD5 of the cleaned contact.
type CacheID string

// Binding ties a user to one contact until a deadline (RFC 3261 section 10.2). It is immutable.
type Binding struct {
	ID CacheID
	// Contact is the cleaned contact.
	Contact string
	// Deadline is when the binding ends, on the wall clock with millisecond precision. Fixed at acceptance, never recomputed.
	Deadline time.Time
	// Stamp is the order of the message that the binding stands for; Digest is that message.
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

// Live reports whether the binding has not ended at now: it ends at its deadline, exactly.
func (b *Binding) Live(now time.Time) bool { return now.Before(b.Deadline) }

// Tombstone remembers a removal, so that an older register that is delivered again does not bring the binding back.
type Tombstone struct {
	ID CacheID
	// Stamp and Digest are those of the message that removed it; Of is the message that the removed binding stood for,
	// nothing when the order alone says that it is older.
	Stamp         Stamp
	Digest        Digest
	RemovedDigest Digest
	// Until is when the removal may be forgotten.
	Until time.Time
}

// Record is all that is kept for one user. It is immutable: a change makes a new one.
type Record struct {
	Key        Key
	Bindings   []Binding
	Tombstones []Tombstone
	// Guest says that the user had no credentials here when it registered: guests are limited in number.
	Unprovisioned bool
}

// Empty reports whether there is nothing to keep: an empty record is deleted from the file.
func (r *Record) Empty() bool { return len(r.Bindings) == 0 && len(r.Tombstones) == 0 }

// Header is what the index keeps of a record.
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

// Header is the part of a [Record] that priming reads without its documents.
type Header struct {
	Key Key
	// Deadline is the latest deadline of the bindings; zero when there is none.
	Deadline time.Time
	// Until is when the last tombstone may be forgotten; zero when there is none.
	Until time.Time
	// Earlier are the deadlines of the other bindings, in no order; nil for the usual user with one.
	Earlier []time.Time
	// Stamp is the newest stamp in the record.
	Stamp Stamp
	// Bindings counts the bindings, ended ones included.
	Bindings int
	// Guest is that of the record.
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

// Sane corrects a record that was written under a wall clock ahead of now, which is the time at the start of the run: nothing can have
// arrived in the future, so what says so is taken to have arrived now, and what it registered ends after the same lifetime. Without
// this a binding would be shown for as long as the clock was wrong, and every later message would count as older.
func (r *Record) ClampToClock(now time.Time) Record {
	sane := *r
	most := now.UnixMilli()
	ahead := func(s Stamp) int64 { return max(0, s.Arrival-most) }
	for i, b := range sane.Bindings {
		if by := ahead(b.Stamp); by > 0 {
			sane.Bindings = slices.Clone(sane.Bindings)
			b.Stamp.Arrival, b.Deadline = most, b.Deadline.Add(-time.Duration(by)*time.Millisecond)
			sane.Bindings[i] = b
		}
	}
	for i, t := range sane.Tombstones {
		if by := ahead(t.Stamp); by > 0 {
			sane.Tombstones = slices.Clone(sane.Tombstones)
			t.Stamp.Arrival, t.Until = most, t.Until.Add(-time.Duration(by)*time.Millisecond)
			sane.Tombstones[i] = t
		}
	}
	return sane
}
