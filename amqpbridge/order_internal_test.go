package amqpbridge

import (
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"registrar/actors/domain"
)

// Whatever comes and ends in whatever order: deliveries about one user, or about its whole realm, are worked on in the order of their
// arrival, a realm's alone; others are never held back; nothing is forgotten.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOrder()
		var arrived, working []*job
		conflict := func(a, b *job) bool {
			return a.orderKey.Realm != "" && a.orderKey.Realm == b.orderKey.Realm && (a.orderKey.User == b.orderKey.User || a.orderKey.User == "" || b.orderKey.User == "")
		}
		begin := func(j *job) {
			for _, w := range working {
				if conflict(j, w) {
					rt.Fatalf("%v begins beside %v", j.orderKey, w.orderKey)
				}
			}
			for _, a := range arrived[:slices.Index(arrived, j)] {
				if conflict(j, a) {
					rt.Fatalf("%v overtakes %v", j.orderKey, a.orderKey)
				}
			}
			working = append(working, j)
		}
		end := func() {
			i := rapid.IntRange(0, len(working)-1).Draw(rt, "ends")
			j := working[i]
			working = slices.Delete(working, i, i+1)
			at := slices.Index(arrived, j)
			arrived = slices.Delete(arrived, at, at+1)
			for _, next := range o.done(j) {
				begin(next)
			}
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			if len(working) > 0 && rapid.Bool().Draw(rt, "end") {
				end()
				continue
			}
			j := &job{orderKey: domain.Key{
				Realm: domain.Realm(rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "realm")),
				User:  domain.User(rapid.SampledFrom([]string{"", "1", "2"}).Draw(rt, "user")),
			}}
			if j.orderKey.Realm == "" {
				j.orderKey.User = ""
			}
			held := slices.ContainsFunc(arrived, func(a *job) bool { return conflict(a, j) })
			arrived = append(arrived, j)
			admitted := o.admit(j)
			if admitted == held {
				rt.Fatalf("%v admitted: %v, held back by another: %v", j.orderKey, admitted, held)
			}
			if admitted {
				begin(j)
			}
		}
		for len(working) > 0 {
			end()
		}
		if len(arrived) != 0 || len(o.realms) != 0 {
			rt.Fatalf("%d were forgotten, %d realms are left", len(arrived), len(o.realms))
		}
	})
}

// Made-up senders cannot make the table grow.
func TestClocksAreBounded(t *testing.T) {
	c := NewClocks(0)
	for i := range clocksMost + 500 {
		c.Read(domain.Stamp{Sender: domain.SenderOf(strconv.Itoa(i)), Event: 1, Arrival: int64(i)}, false)
	}
	if len(c.senders) != clocksMost {
		t.Errorf("%d senders", len(c.senders))
	}
}
