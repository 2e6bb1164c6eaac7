package persistence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"registrar/actors/domain"
)

// Errors of a value. They name no user: keys stay out of logs.
var (
	errShort  = errors.New("value is truncated")
	errCRC    = errors.New("value does not match its checksum")
	errFormat = errors.New("value has a newer format than this program knows")
	errKey    = errors.New("key is not realm, NUL, user")
)

const (
	crcAt  = 4
	crcEnd = 8
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func keyOf(k domain.Key) []byte {
	b := make([]byte, 0, len(k.Realm)+1+len(k.User))
	b = append(b, k.Realm...)
	b = append(b, 0)
	return append(b, k.User...)
}

func parseKey(b []byte) (domain.Key, error) { return parseKeyNear(b, "") }

// parseKeyNear parses a key. If its realm equals near, it shares near's text.
func parseKeyNear(b []byte, near domain.Realm) (domain.Key, error) {
	realm, user, ok := bytes.Cut(b, []byte{0})
	if !ok || len(realm) == 0 || len(user) == 0 {
		return domain.Key{}, errKey
	}
	if string(realm) != string(near) {
		near = domain.Realm(realm)
	}
	return domain.Key{Realm: near, User: domain.User(user)}, nil
}

func checksum(key, v []byte) uint32 {
	t := castagnoli()
	c := crc32.Update(0, t, key)
	c = crc32.Update(c, t, v[:crcAt])
	return crc32.Update(c, t, v[crcEnd:])
}

func sign(key, v []byte) []byte {
	binary.BigEndian.PutUint32(v[crcAt:], checksum(key, v))
	return v
}

// verify checks the format, at most newest, and the checksum of a value with a header of n bytes.
func verify(key, v []byte, n int, newest byte) error {
	switch {
	case len(v) < n:
		return errShort
	case v[0] > newest:
		return errFormat
	case binary.BigEndian.Uint32(v[crcAt:]) != checksum(key, v):
		return errCRC
	}
	return nil
}

func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

func fromMillis(n uint64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(n)).UTC() //nolint:gosec // as above.
}

func putText[T ~string | ~[]byte](b []byte, s T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s))) //nolint:gosec // bodies are at most 64 KiB.
	return append(b, s...)
}

// reader decodes a body. The first error sticks.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		r.err = errShort
		return make([]byte, max(0, min(n, 16)))
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u16() int    { return int(binary.BigEndian.Uint16(r.take(2))) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) i64() int64  { return int64(r.u64()) } //nolint:gosec // two's complement.

func (r *reader) text() string {
	n := int(binary.BigEndian.Uint32(r.take(4)))
	if n > len(r.b) {
		r.err = errShort
		return ""
	}
	return string(r.take(n))
}

func (r *reader) digest() domain.Digest { return domain.Digest(r.take(16)) }

func (r *reader) stamp() domain.Stamp {
	return domain.Stamp{Sender: r.u64(), Event: r.i64(), Arrival: r.i64()}
}
