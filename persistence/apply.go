package persistence

import (
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// applied is the result of the changes in one transaction.
type applied struct {
	opts    Options
	changed []domain.Key
	delta   map[domain.Realm]int
}

// apply makes the changes in key order. The last change of a key wins.
func (a *applied) apply(data *bolt.Bucket, changes []CredentialChange) error {
	last := map[string]CredentialChange{}
	for _, ch := range changes {
		if err := checkKeySize(ch.Credential.Key); err != nil {
			return err
		}
		last[string(keyOf(ch.Credential.Key))] = ch
	}
	es := make([]entry, 0, len(last))
	for _, k := range slices.Sorted(maps.Keys(last)) {
		ch := last[k]
		e := entry{user: ch.Credential.Key, key: []byte(k)}
		there := data.Get(e.key) != nil
		switch {
		case ch.Delete && !there:
			continue
		case ch.Delete:
			a.delta[e.user.Realm]--
		default:
			if e.value = encodeCredential(&ch.Credential, a.opts.Keys); !there {
				a.delta[e.user.Realm]++
			}
		}
		es = append(es, e)
		a.changed = append(a.changed, e.user)
	}
	longer := int64(0)
	for _, e := range es {
		longer += growth(data, e)
	}
	if longer > 0 && longer > spaceLeft(data, a.opts.MaxSize) {
		return errFull
	}
	return put(data, es)
}
