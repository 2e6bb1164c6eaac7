package persistence

import (
	"encoding/binary"

	"registrar/actors/domain"
)

const (
	registrationFormat = 2
	registrationHeader = 56
	epochAt            = 48
	flagUnprovisioned  = 1
)

// encodeRecord returns the value of a record.
func encodeRecord(rec *domain.Record, epoch uint64) []byte {
	h := rec.Header()
	size := registrationHeader + 2
	for i := range rec.Bindings {
		b := &rec.Bindings[i]
		size += 112 + len(b.Contact) + len(b.Doc) + len(b.CallID) + len(b.ProxyPath) + len(b.InstanceID)
	}
	be := binary.BigEndian
	v := make([]byte, 0, size+len(rec.Tombstones)*112)
	v = append(v, registrationFormat, 0)
	if rec.Unprovisioned {
		v[1] = flagUnprovisioned
	}
	v = be.AppendUint16(v, uint16(len(rec.Bindings))) //nolint:gosec // a handful.
	v = be.AppendUint32(v, 0)
	v = be.AppendUint64(v, millis(h.Deadline))
	v = be.AppendUint64(v, millis(h.Until))
	v = putStamp(v, h.Stamp)
	v = be.AppendUint64(v, epoch)
	for i := range rec.Bindings {
		b := &rec.Bindings[i]
		v = putText(v, b.ID)
		v = putText(v, b.Contact)
		v = be.AppendUint64(v, millis(b.Deadline))
		v = putStamp(v, b.Stamp)
		v = append(v, b.Digest[:]...)
		v = putText(v, b.Doc)
		v = putText(v, b.CallID)
		v = putText(v, b.ProxyPath)
		v = putText(v, b.InstanceID)
		v = be.AppendUint32(v, b.RegID)
	}
	v = be.AppendUint16(v, uint16(len(rec.Tombstones))) //nolint:gosec // a handful.
	for i := range rec.Tombstones {
		t := &rec.Tombstones[i]
		v = putText(v, t.ID)
		v = putStamp(v, t.Stamp)
		v = append(v, t.Digest[:]...)
		v = append(v, t.RemovedDigest[:]...)
		v = be.AppendUint64(v, millis(t.Until))
	}
	return sign(keyOf(rec.Key), v)
}

func putStamp(v []byte, s domain.Stamp) []byte {
	v = binary.BigEndian.AppendUint64(v, s.Sender)
	v = binary.BigEndian.AppendUint64(v, uint64(s.Event))      //nolint:gosec // two's complement.
	return binary.BigEndian.AppendUint64(v, uint64(s.Arrival)) //nolint:gosec // two's complement.
}

// decodeHeader verifies a value and decodes the part that priming needs.
func decodeHeader(key, v []byte) (domain.Header, error) { return decodeHeaderNear(key, v, "") }

// decodeHeaderNear is decodeHeader for many values in key order: users of a realm share its
// text, see [parseKeyNear].
func decodeHeaderNear(key, v []byte, near domain.Realm) (domain.Header, error) {
	if err := verify(key, v, registrationHeader, registrationFormat); err != nil {
		return domain.Header{}, err
	}
	k, err := parseKeyNear(key, near)
	if err != nil {
		return domain.Header{}, err
	}
	be := binary.BigEndian
	bindings := int(be.Uint16(v[2:]))
	h := domain.Header{
		Key: k, Bindings: bindings, Deadline: fromMillis(be.Uint64(v[8:])), Until: fromMillis(be.Uint64(v[16:])), Unprovisioned: v[1]&flagUnprovisioned != 0,
		Stamp: domain.Stamp{Sender: be.Uint64(v[24:]), Event: int64(be.Uint64(v[32:])), Arrival: int64(be.Uint64(v[40:]))}, //nolint:gosec // two's complement.
	}
	if bindings > 1 { // the header has the latest deadline only
		rec, err := decodeBody(h, v)
		return rec.Header(), err
	}
	return h, nil
}

// decodeRecord verifies and decodes a whole value. The result does not refer to v.
func decodeRecord(key, v []byte) (domain.Record, error) {
	h, err := decodeHeader(key, v)
	if err != nil {
		return domain.Record{}, err
	}
	return decodeBody(h, v)
}

func decodeBody(h domain.Header, v []byte) (domain.Record, error) {
	rec := domain.Record{Key: h.Key, Unprovisioned: h.Unprovisioned}
	r := &reader{b: v[registrationHeader:]}
	for range h.Bindings {
		b := domain.Binding{
			ID: domain.CacheID(r.text()), Contact: r.text(), Deadline: fromMillis(r.u64()), Stamp: r.stamp(),
			Digest: r.digest(), Doc: domain.Document(r.text()),
		}
		if v[0] == 1 {
			b.Flow = flowOf(&b)
		} else {
			b.Flow = domain.Flow{CallID: r.text(), ProxyPath: r.text(), InstanceID: r.text(), RegID: r.u32()}
		}
		rec.Bindings = append(rec.Bindings, b)
	}
	for range r.u16() {
		rec.Tombstones = append(rec.Tombstones, domain.Tombstone{
			ID: domain.CacheID(r.text()), Stamp: r.stamp(), Digest: r.digest(), RemovedDigest: r.digest(), Until: fromMillis(r.u64()),
		})
	}
	return rec, r.err
}
