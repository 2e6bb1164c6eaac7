package persistence

import (
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Registrations is the store of the users' records, for the registration actors and their
// shards. It is safe for use by many goroutines.
type Registrations struct {
	opts   Options
	file   *file
	writer *otp.Ref[WriterMessage]
	pool   *readers

	health
}

// NewRegistrations returns a store that is not open: [Registrations.Children] opens it.
func NewRegistrations(s *otp.System, o Options) *Registrations {
	return &Registrations{
		opts: o, file: &file{}, writer: otp.NewRef[WriterMessage](s, "registrations/writer", otp.WithBound(o.MaxQueued)),
		pool: newReaders(s, "registrations"),
	}
}

// Children returns the writer, which opens the file, and the readers.
func (r *Registrations) Children() otp.SupSpec {
	writer := otp.ChildSpec{
		ID: "writer", Shutdown: stopTimeout,
		Start: otp.Worker(r.writer, func() otp.Behaviour[WriterMessage] {
			return &writer{manager: newFileManager(r.opts, registrationsKind, r.file, &r.health), scan: r.scan}
		}),
	}
	return otp.SupSpec{Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute, Children: append([]otp.ChildSpec{writer}, r.pool.children()...)}
}

// stopTimeout leaves time for the last commit of a busy writer. It is shorter than the time that
// a server has to stop.
const stopTimeout = 20 * time.Second

// Fence ends the right of older incarnations to write the user's record. It replies with the
// record after every write accepted before.
func (r *Registrations) Fence(from otp.Origin, key domain.Key, epoch uint64, done func(domain.Record, error)) {
	done = once(done)
	if err := r.tell(from, fenceOp{key: key, epoch: epoch, done: done}); err != nil {
		done(domain.Record{}, err)
	}
}

// Write replaces the user's record, and deletes it if it is empty. It is refused with
// [domain.Conflict] unless epoch is the latest fenced one. After any other error the outcome is
// unknown.
func (r *Registrations) Write(from otp.Origin, rec domain.Record, epoch uint64, done func(error)) {
	op := writeOp{rec: rec, epoch: epoch, done: once(func(_ struct{}, err error) { done(err) })}
	if !rec.Empty() {
		op.value = encodeRecord(&rec, epoch)
	}
	if err := r.tell(from, op); err != nil {
		op.Undelivered(err)
	}
}

// Release drops the fence of an incarnation that has ended.
func (r *Registrations) Release(from otp.Origin, key domain.Key, epoch uint64) {
	_ = r.tell(from, releaseOp{key: key, epoch: epoch}) // without a writer there are no fences
}

// Prime replies with the headers of all users of a shard, after every write accepted before. It
// ends the right of incarnations older than epoch to write them. The scan at opening serves each
// shard once; later calls cost a scan of their own.
func (r *Registrations) Prime(from otp.Origin, shard, shards int, epoch uint64, done func([]domain.Header, error)) {
	done = once(done)
	if err := r.tell(from, primeOp{shard: shard, shards: shards, epoch: epoch, done: done}); err != nil {
		done(nil, err)
	}
}

// Get replies with a user's committed record, and whether it exists.
func (r *Registrations) Get(from otp.Origin, key domain.Key, done func(domain.Record, bool, error)) {
	submit(r.pool, from, key, func() (f found[domain.Record], err error) {
		err = r.file.view(func(data *bolt.Bucket) (err error) {
			f.value, f.there, err = get(data, key)
			return err
		})
		return f, err
	}, func(f found[domain.Record], err error) { done(f.value, f.there, err) })
}

// found is a value, and whether it exists.
type found[T any] struct {
	value T
	there bool
}

func get(data *bolt.Bucket, key domain.Key) (rec domain.Record, found bool, err error) {
	k := keyOf(key)
	v := data.Get(k)
	if v == nil {
		return domain.Record{}, false, nil
	}
	rec, err = decodeRecord(k, v)
	return rec, true, err
}

// Page replies with at most limit records after a key, in key order, of one realm, or of all if
// realm is empty. A page shorter than limit is the last.
func (r *Registrations) Page(from otp.Origin, realm domain.Realm, after domain.Key, limit int, done func([]domain.Record, error)) {
	submit(r.pool, from, after, func() (out []domain.Record, err error) {
		err = r.file.view(func(data *bolt.Bucket) (err error) {
			out, err = page(data, realm, after, limit, decodeRecord)
			return err
		})
		return out, err
	}, done)
}

func (r *Registrations) tell(from otp.Origin, m WriterMessage) error {
	return unavailable(r.writer.Tell(from, m))
}

// unavailable gives a kind to an error without one.
func unavailable(err error) error {
	var known *domain.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, otp.ErrOverloaded):
		return domain.Wrap(domain.Overloaded, "store", err)
	}
	return domain.Wrap(domain.Unavailable, "store", err)
}
