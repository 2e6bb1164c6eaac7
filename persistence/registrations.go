package persistence

import (
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Registrations is the store of the users' records: the ports of the registration actors and of their shards. It is safe for use by
// many goroutines.
type Registrations struct {
	opts   Options
	file   *file
	writer *otp.Ref[WriterMessage]
	pool   *readers

	health
}

// NewRegistrations makes the store's addresses. Nothing is opened before its [Registrations.Children] are started.
func NewRegistrations(s *otp.System, o Options) *Registrations {
	return &Registrations{
		opts: o, file: &file{}, writer: otp.NewRef[WriterMessage](s, "registrations/writer", otp.WithBound(o.MaxQueued)),
		pool: newReaders(s, "registrations"),
	}
}

// Children declares the writer, which opens the file, and the readers.
func (r *Registrations) Children() otp.SupSpec {
	writer := otp.ChildSpec{
		ID: "writer", Shutdown: stopTimeout,
		Start: otp.Worker(r.writer, func() otp.Behaviour[WriterMessage] {
			return &writer{manager: newFileManager(r.opts, registrationsKind, r.file, &r.health), scan: r.scan}
		}),
	}
	return otp.SupSpec{Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute, Children: append([]otp.ChildSpec{writer}, r.pool.children()...)}
}

// stopTimeout is long: the last commit of a busy writer must not be cut off. It is shorter than a server has for all of its stop.
const stopTimeout = 20 * time.Second

// Fence ends the right of every older incarnation to write the user's record, and answers the record as it is after every write that
// was accepted before.
func (r *Registrations) Fence(from otp.Origin, key domain.Key, epoch uint64, done func(domain.Record, error)) {
	done = once(done)
	if err := r.tell(from, fenceOp{key: key, epoch: epoch, done: done}); err != nil {
		done(domain.Record{}, err)
	}
}

// Write replaces the user's record; an empty one is deleted. It is refused with [domain.Conflict] unless epoch is the one
// fenced last; any other error is an unknown outcome.
func (r *Registrations) Write(from otp.Origin, rec domain.Record, epoch uint64, done func(error)) {
	op := writeOp{rec: rec, epoch: epoch, done: once(func(_ struct{}, err error) { done(err) })}
	if !rec.Empty() {
		op.value = encodeRecord(&rec, epoch)
	}
	if err := r.tell(from, op); err != nil {
		op.Undelivered(err)
	}
}

// Release forgets the fence of an incarnation that has ended.
func (r *Registrations) Release(from otp.Origin, key domain.Key, epoch uint64) {
	_ = r.tell(from, releaseOp{key: key, epoch: epoch}) // without a writer there are no fences
}

// Prime answers the headers of all users of a shard after every write accepted before, and ends the right of incarnations older than
// epoch to write them. The scan that opened the file serves each shard once; after that a shard costs a scan of its own.
func (r *Registrations) Prime(from otp.Origin, shard, shards int, epoch uint64, done func([]domain.Header, error)) {
	done = once(done)
	if err := r.tell(from, primeOp{shard: shard, shards: shards, epoch: epoch, done: done}); err != nil {
		done(nil, err)
	}
}

// Get answers one user's committed record, and whether there is one.
func (r *Registrations) Get(from otp.Origin, key domain.Key, done func(domain.Record, bool, error)) {
	submit(r.pool, from, key, func() (f found[domain.Record], err error) {
		err = r.file.view(func(data *bolt.Bucket) (err error) {
			f.value, f.there, err = get(data, key)
			return err
		})
		return f, err
	}, func(f found[domain.Record], err error) { done(f.value, f.there, err) })
}

// found is a value, and whether it is there.
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

// Page answers at most limit records in key order behind after, of one realm, or of all when realm is empty. A page that is shorter than
// limit is the last.
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

// unavailable gives an error of the engine the kind that a caller acts on, and leaves those that have one.
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
