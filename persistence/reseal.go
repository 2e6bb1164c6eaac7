package persistence

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// resealChunkSize bounds the values that one step reads.
const resealChunkSize = 1000

// reseal does one chunk and queues the rest behind other operations.
func (w *credentialWriter) reseal(c *otp.Context[CredentialMessage], op resealOp) {
	n, next, err := resealChunk(w.manager.file, w.manager.opts.Keys, op.after, func(n int, change func(*bolt.Bucket) error) error {
		return w.update(c, func() string { return records(n) }, change)
	})
	op.n, op.after = op.n+n, next
	if err != nil || next == nil {
		op.done(op.n, err)
		return
	}
	c.Enqueue(op)
}

// resealChunk seals the values from a key on that another key sealed, in one update that gets
// their number. The next key is nil at the end.
func resealChunk(f *file, keys *Keyring, from []byte, update func(int, func(*bolt.Bucket) error) error) (n int, next []byte, err error) {
	if keys == nil {
		return 0, nil, domain.Wrap(domain.Invalid, "seal", errors.New("no key: pass --key-file"))
	}
	type sealed struct{ k, v []byte }
	var todo []sealed
	err = f.view(func(data *bolt.Bucket) error {
		c, seen := data.Cursor(), 0
		for k, v := c.Seek(from); k != nil; k, v = c.Next() {
			if seen++; seen > resealChunkSize {
				next = append([]byte(nil), k...)
				return nil
			}
			cred, err := decodeCredential(k, v, keys)
			if err != nil {
				return err
			}
			if v[sealedAt] != keys.SealsWith() {
				todo = append(todo, sealed{append([]byte(nil), k...), encodeCredential(&cred, keys)})
			}
		}
		return nil
	})
	if err != nil || len(todo) == 0 {
		return 0, next, err
	}
	return len(todo), next, update(len(todo), func(data *bolt.Bucket) error {
		for _, x := range todo {
			if err := data.Put(x.k, x.v); err != nil {
				return fmt.Errorf("put: %w", err)
			}
		}
		return nil
	})
}

// checkKeySize refuses a key that is too long for bbolt, before its transaction fails.
func checkKeySize(k domain.Key) error {
	if n := len(k.Realm) + 1 + len(k.User); n > bolt.MaxKeySize {
		return domain.Wrap(domain.Invalid, "key", fmt.Errorf("realm and user are too long: %d bytes together", n))
	}
	return nil
}

// credential decodes a credential with the keys of the options.
func (o Options) credential(k, v []byte) (domain.Credential, error) {
	return decodeCredential(k, v, o.Keys)
}
