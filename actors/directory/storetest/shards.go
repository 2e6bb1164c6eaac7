package storetest

import (
	"slices"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
)

// shards is the number of shards in these tests, as in the registrar.
const shards = 64

func priming(c *Client) {
	const users = 100
	for i := range users {
		c.stored(Record(user(i), "sip:a"), 1)
	}
	seen := map[domain.Key]bool{}
	for shard := range shards {
		for _, h := range c.Primed(shard, shards, 2) {
			if domain.ShardOf(h.Key, shards) != shard || seen[h.Key] {
				c.Errorf("%v in shard %d", h.Key, shard)
			}
			if rec := Record(h.Key, "sip:a"); !cmp.Equal(h, rec.Header()) {
				c.Errorf("header %s", cmp.Diff(h, rec.Header()))
			}
			seen[h.Key] = true
		}
	}
	if len(seen) != users {
		c.Errorf("%d of %d users primed", len(seen), users)
	}
}

func primingFences(c *Client) {
	k := user(1)
	c.stored(Record(k, "sip:a"), 3)
	if got := c.Primed(domain.ShardOf(k, shards), shards, 4); len(got) != 1 || got[0].Key != k {
		c.Errorf("primed: %v", got)
	}
	c.refused("a write of an incarnation older than the priming", c.Written(Record(k, "sip:b"), 3))
	other := user(2)
	if domain.ShardOf(other, shards) == domain.ShardOf(k, shards) {
		c.Fatal("the test needs users of two shards")
	}
	c.stored(Record(other, "sip:b"), 3) // in another shard
}

func due(c *Client) {
	const users = 40
	for i := range users {
		c.stored(Record(user(i), "sip:a"), 1)
	}
	var all []domain.Key
	for start, pages := (domain.Key{}), 0; ; {
		keys, next := c.DueFrom(start, 7, func(h domain.Header) bool { return h.Key != user(20) })
		if len(keys) > 7 {
			c.Fatalf("a page of %d", len(keys))
		}
		if all = append(all, keys...); next == (domain.Key{}) {
			break
		}
		if pages++; pages > users {
			c.Fatal("the pages never end")
		}
		start = next
	}
	want := make([]domain.Key, 0, users)
	for i := range users {
		if i != 20 {
			want = append(want, user(i))
		}
	}
	if diff := cmp.Diff(want, all); diff != "" {
		c.Error(diff)
	}
}

func prune(c *Client) {
	var all []domain.Key
	for i := range 10 {
		c.stored(Record(user(i), "sip:a"), 1)
		all = append(all, user(i))
	}
	for i := range 8 { // two users keep their incarnation
		c.Release(from, user(i), 1)
	}
	changed, owned := c.Pruned(all, func(rec domain.Record) (domain.Record, bool) {
		return domain.Record{Key: rec.Key}, rec.Key != user(3)
	})
	slices.SortFunc(owned, func(a, b domain.Key) int { return slices.Index(all, a) - slices.Index(all, b) })
	if len(changed) != 7 || !cmp.Equal(owned, []domain.Key{user(8), user(9)}) {
		c.Errorf("%d changed, %v owned", len(changed), owned)
	}
	for i, want := range map[int]bool{0: false, 3: true, 7: false, 8: true} {
		if _, there := c.Found(user(i)); there != want {
			c.Errorf("user %d: there is %v", i, there)
		}
	}
}

// Concurrent Prune and Fence agree on the record.
func pruneDuringFence(c *Client) {
	for i := range 20 {
		k := user(i)
		c.stored(Record(k, "sip:a"), 1)
		c.Release(from, k, 1)
		fenced := make(chan domain.Record, 1)
		changed := make(chan int, 1)
		c.Prune(from, []domain.Key{k}, func(rec domain.Record) (domain.Record, bool) { return domain.Record{Key: rec.Key}, true },
			func(h []domain.Header, _ []domain.Key, _ error) { changed <- len(h) })
		c.Fence(from, k, 2, func(rec domain.Record, _ error) { fenced <- rec })
		rec, n := <-fenced, <-changed
		if _, there := c.Found(k); there != (n == 0) || there != (len(rec.Bindings) == 1) {
			c.Errorf("%d changed, the incarnation sees %d bindings, and there is a record: %v", n, len(rec.Bindings), there)
		}
	}
}
