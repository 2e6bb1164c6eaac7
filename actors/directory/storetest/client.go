package storetest

import (
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Run runs the suite. It calls open once per test.
func Run(t *testing.T, open func(t *testing.T) directory.Store) {
	t.Helper()
	for name, test := range map[string]func(*Client){
		"only the fenced incarnation writes":     onlyTheFenced,
		"a fence sees every earlier write":       fenceSeesWrites,
		"a late fence is refused":                lateFence,
		"an empty record is deleted":             emptyRecord,
		"a shard primes all its records":         priming,
		"priming ends older incarnations":        primingFences,
		"what is due comes page by page":         due,
		"users with an incarnation stay":         prune,
		"pruning does not race with a fence":     pruneDuringFence,
		"a record is as it was written":          recordsAreKept,
		"a fence does not survive its release":   releases,
		"operations of one user keep their turn": keepsOrder,
	} {
		t.Run(name, func(t *testing.T) { test(&Client{T: t, Store: open(t)}) })
	}
}

// Client calls a store and waits for its answers.
type Client struct {
	*testing.T
	directory.Store
}

var from = otp.External("test") //nolint:gochecknoglobals // a constant but for its type.

type result[T any] struct {
	v   T
	err error
}

// Fenced calls Fence and waits.
func (c *Client) Fenced(k domain.Key, epoch uint64) (domain.Record, error) {
	got := make(chan result[domain.Record], 1)
	c.Fence(from, k, epoch, func(r domain.Record, err error) { got <- result[domain.Record]{r, err} })
	r := <-got
	return r.v, r.err
}

// Written calls Write and waits.
func (c *Client) Written(rec domain.Record, epoch uint64) error {
	got := make(chan error, 1)
	c.Write(from, rec, epoch, func(err error) { got <- err })
	return <-got
}

// Primed calls Prime and waits.
func (c *Client) Primed(shard, shards int, epoch uint64) []domain.Header {
	got := make(chan result[[]domain.Header], 1)
	c.Prime(from, shard, shards, epoch, func(h []domain.Header, err error) { got <- result[[]domain.Header]{h, err} })
	r := <-got
	if r.err != nil {
		c.Fatal(r.err)
	}
	return r.v
}

// Found calls Get and waits.
func (c *Client) Found(k domain.Key) (domain.Record, bool) {
	type found struct {
		rec domain.Record
		ok  bool
	}
	got := make(chan result[found], 1)
	c.Get(from, k, func(r domain.Record, ok bool, err error) { got <- result[found]{found{r, ok}, err} })
	r := <-got
	if r.err != nil {
		c.Fatal(r.err)
	}
	return r.v.rec, r.v.ok
}

// Pruned calls Prune and waits. It returns the changed and the owned users.
func (c *Client) Pruned(keys []domain.Key, decide func(domain.Record) (domain.Record, bool)) (changed, owned []domain.Key) {
	got := make(chan error, 1)
	c.Prune(from, keys, decide, func(headers []domain.Header, others []domain.Key, err error) {
		for _, h := range headers {
			changed = append(changed, h.Key)
		}
		owned = others
		got <- err
	})
	if err := <-got; err != nil {
		c.Fatal(err)
	}
	return changed, owned
}

// DueFrom calls Due for one page and waits.
func (c *Client) DueFrom(start domain.Key, limit int, due func(domain.Header) bool) (keys []domain.Key, next domain.Key) {
	got := make(chan error, 1)
	c.Due(from, start, limit, due, func(k []domain.Key, n domain.Key, err error) {
		keys, next = k, n
		got <- err
	})
	if err := <-got; err != nil {
		c.Fatal(err)
	}
	return keys, next
}

// Record returns a record with one contact.
func Record(k domain.Key, contact string) domain.Record {
	at := time.UnixMilli(1_795_392_520_123).UTC()
	stamp := domain.Stamp{Sender: 7, Event: at.UnixMilli(), Arrival: at.UnixMilli() + 3}
	return domain.Record{Key: k, Bindings: []domain.Binding{{
		ID: domain.CacheID("id-" + contact), Contact: contact, Deadline: at.Add(time.Hour), Stamp: stamp,
		Digest: domain.DigestOf([]byte(contact)), Doc: domain.Document(`{"Contact":"` + contact + `"}`),
		Flow: domain.Flow{CallID: "call-" + contact, ProxyPath: "sip:192.0.2.9", InstanceID: "urn:x", RegID: 2},
	}}}
}
