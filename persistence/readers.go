package persistence

import (
	"bytes"
	"strconv"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// readers are the processes that read a file. Reads of one user go to one reader, in order.
type readers struct {
	refs [readersNumber]*otp.Ref[ReaderMessage]
	bulk *otp.Ref[ReaderMessage] // for reads that take seconds
}

func newReaders(s *otp.System, file string) *readers {
	r := &readers{bulk: otp.NewRef[ReaderMessage](s, file+"/reader/bulk")}
	for i := range r.refs {
		r.refs[i] = otp.NewRef[ReaderMessage](s, file+"/reader/"+strconv.Itoa(i))
	}
	return r
}

func (r *readers) children() []otp.ChildSpec {
	var specs []otp.ChildSpec
	for _, ref := range append(r.refs[:], r.bulk) {
		specs = append(specs, otp.ChildSpec{ID: ref.Name(), Start: otp.Worker(ref, func() otp.Behaviour[ReaderMessage] { return readerProcess{} })})
	}
	return specs
}

// submit sends a read to the reader of a user. The callback done is called once.
func submit[T any](r *readers, from otp.Origin, key domain.Key, do func() (T, error), done func(T, error)) {
	submitTo(r.refs[domain.ShardOf(key, readersNumber)], from, key, do, done)
}

// submitBulk sends a read that takes seconds to the reader for bulk reads.
func submitBulk[T any](r *readers, from otp.Origin, do func() (T, error), done func(T, error)) {
	submitTo(r.bulk, from, domain.Key{}, do, done)
}

func submitTo[T any](ref *otp.Ref[ReaderMessage], from otp.Origin, key domain.Key, do func() (T, error), done func(T, error)) {
	done = once(done)
	m := read{key: key, do: func() { done(do()) }, fail: func(err error) {
		var none T
		done(none, unavailable(err))
	}}
	if err := ref.Tell(from, m); err != nil {
		m.fail(err)
	}
}

// once passes on only the first call of a callback: an abandoned reader or writer may go on and
// call it again.
func once[T any](done func(T, error)) func(T, error) {
	var called atomic.Bool
	return func(v T, err error) {
		if !called.Swap(true) {
			done(v, err)
		}
	}
}

// readerProcess is the behaviour of a reader. Each read recovers from damage itself.
type readerProcess struct{}

// Init does nothing.
func (readerProcess) Init(*otp.Context[ReaderMessage]) error { return nil }

// Handle carries out a read.
func (readerProcess) Handle(_ *otp.Context[ReaderMessage], m ReaderMessage) {
	if m, ok := m.(read); ok {
		m.do()
	}
}

// Terminate does nothing.
func (readerProcess) Terminate(*otp.Context[ReaderMessage], otp.Reason) {}

// page reads and decodes at most limit values after a key.
func page[T any](data *bolt.Bucket, realm domain.Realm, after domain.Key, limit int, decode func(k, v []byte) (T, error)) ([]T, error) {
	var prefix, from []byte
	if realm != "" {
		prefix = append([]byte(realm), 0)
		from = prefix
	}
	if after != (domain.Key{}) {
		from = append(keyOf(after), 0) // the next possible key
	}
	var out []T
	c := data.Cursor()
	for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix) && len(out) < limit; k, v = c.Next() {
		x, err := decode(k, v)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}
