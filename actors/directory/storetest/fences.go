package storetest

import (
	"fmt"
	"sync"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
)

func user(i int) domain.Key {
	return domain.Key{Realm: "acme.test", User: domain.User(fmt.Sprintf("%03d", i))}
}

// stored fences a user and writes its record.
func (c *Client) stored(rec domain.Record, epoch uint64) {
	c.Helper()
	if _, err := c.Fenced(rec.Key, epoch); err != nil {
		c.Fatal(err)
	}
	if err := c.Written(rec, epoch); err != nil {
		c.Fatal(err)
	}
}

func (c *Client) refused(call string, err error) {
	c.Helper()
	if domain.KindOf(err) != domain.Conflict {
		c.Errorf("%s: %v instead of a conflict", call, err)
	}
}

func onlyTheFenced(c *Client) {
	k := user(1)
	c.refused("a write without a fence", c.Written(Record(k, "sip:old"), 1))
	c.stored(Record(k, "sip:old"), 1)
	if got, err := c.Fenced(k, 2); err != nil || len(got.Bindings) != 1 {
		c.Fatalf("the next incarnation sees %+v, %v", got, err)
	}
	c.refused("a write of the older incarnation", c.Written(Record(k, "sip:abandoned"), 1))
	c.Release(from, k, 1) // the release of an older incarnation has no effect
	if err := c.Written(Record(k, "sip:new"), 2); err != nil {
		c.Errorf("a write of the present incarnation: %v", err)
	}
	if rec, _ := c.Found(k); len(rec.Bindings) != 1 || rec.Bindings[0].Contact != "sip:new" {
		c.Errorf("the record is %+v", rec)
	}
}

func releases(c *Client) {
	k := user(1)
	c.stored(Record(k, "sip:a"), 1)
	c.Release(from, k, 1)
	c.refused("a write after the release", c.Written(Record(k, "sip:b"), 1))
}

// A fence queued behind a write returns it, in the same commit or not.
func fenceSeesWrites(c *Client) {
	var wg sync.WaitGroup
	for u := range 30 {
		for epoch := uint64(1); epoch <= 10; epoch++ {
			wg.Add(2)
			c.Fence(from, user(u), epoch, func(r domain.Record, err error) {
				defer wg.Done()
				want, got := "", ""
				if epoch > 1 {
					want = fmt.Sprintf("sip:%d", epoch-1)
				}
				if len(r.Bindings) > 0 {
					got = r.Bindings[0].Contact
				}
				if err != nil || got != want {
					c.Errorf("epoch %d sees %q, want %q, %v", epoch, got, want, err)
				}
			})
			c.Write(from, Record(user(u), fmt.Sprintf("sip:%d", epoch)), epoch, func(err error) {
				defer wg.Done()
				if err != nil {
					c.Errorf("write of epoch %d: %v", epoch, err)
				}
			})
		}
	}
	wg.Wait()
}

// The answers of one user come in the order of the calls.
func keepsOrder(c *Client) {
	const n = 50
	k := user(1)
	got := make(chan int, n)
	if _, err := c.Fenced(k, 1); err != nil {
		c.Fatal(err)
	}
	for i := range n {
		c.Write(from, Record(k, fmt.Sprint("sip:", i)), 1, func(error) { got <- i })
	}
	for i := range n {
		if j := <-got; j != i {
			c.Fatalf("answer %d comes as number %d", j, i)
		}
	}
}

// A late fence of an abandoned incarnation is refused: after its successor's fence, and after its
// shard has primed.
func lateFence(c *Client) {
	k := user(1)
	c.stored(Record(k, "sip:a"), 5)
	_, err := c.Fenced(k, 4)
	c.refused("a fence older than the present one", err)
	if err := c.Written(Record(k, "sip:b"), 5); err != nil {
		c.Errorf("the present incarnation: %v", err)
	}
	c.Primed(domain.ShardOf(k, shards), shards, 7)
	_, err = c.Fenced(k, 6)
	c.refused("a fence older than the priming", err)
	c.refused("a write behind it", c.Written(Record(k, "sip:c"), 6))
	if _, err := c.Fenced(k, 8); err != nil {
		c.Errorf("the next incarnation: %v", err)
	}
}

func recordsAreKept(c *Client) {
	rec := Record(user(1), "sip:a")
	rec.Tombstones = []domain.Tombstone{{
		ID: "gone", Stamp: domain.Stamp{Sender: 8, Event: 1, Arrival: 2}, Digest: domain.Digest{1}, RemovedDigest: domain.Digest{2}, Until: rec.Bindings[0].Deadline,
	}}
	c.stored(rec, 1)
	if got, there := c.Found(rec.Key); !there || !cmp.Equal(rec, got) {
		c.Errorf("read: %s", cmp.Diff(rec, got))
	}
	if got, err := c.Fenced(rec.Key, 2); err != nil || !cmp.Equal(rec, got) {
		c.Errorf("fenced: %v %s", err, cmp.Diff(rec, got))
	}
	if _, there := c.Found(user(2)); there {
		c.Error("there is a user that was never written")
	}
}

func emptyRecord(c *Client) {
	k := user(1)
	c.stored(Record(k, "sip:a"), 1)
	if err := c.Written(domain.Record{Key: k}, 1); err != nil {
		c.Fatal(err)
	}
	if _, there := c.Found(k); there {
		c.Error("the empty record exists")
	}
	if h := c.Primed(domain.ShardOf(k, shards), shards, 2); len(h) != 0 {
		c.Errorf("still primed: %+v", h)
	}
}
