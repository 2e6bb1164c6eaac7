package delivery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"registrar/amqpbridge/delivery"
)

// tracker returns a tracker with deliveries 1 to n.
func tracker(maxBehind int, n uint64) *delivery.AckTracker {
	a := delivery.NewAckTracker(maxBehind)
	for tag := range n {
		a.Add(tag + 1)
	}
	return a
}

func TestAckTracker(t *testing.T) {
	for name, tc := range map[string]struct {
		maxBehind int
		settle    []uint64
		want      []delivery.Ack
		all       []delivery.Ack // by TakeAll, after that
	}{
		"nothing is settled":                      {2, nil, nil, nil},
		"one covers the settled prefix":           {2, []uint64{1, 2}, []delivery.Ack{{Tag: 2, Multiple: true}}, nil},
		"in any order":                            {2, []uint64{2, 1}, []delivery.Ack{{Tag: 2, Multiple: true}}, nil},
		"a few wait behind an open one":           {2, []uint64{1, 3, 4}, []delivery.Ack{{Tag: 1, Multiple: true}}, []delivery.Ack{{Tag: 3}, {Tag: 4}}},
		"too many are acknowledged singly":        {1, []uint64{3, 4}, []delivery.Ack{{Tag: 3}, {Tag: 4}}, nil},
		"an unknown tag is ignored":               {2, []uint64{0, 6, 99}, nil, nil},
		"a delivery that is settled twice is one": {1, []uint64{3, 3}, nil, []delivery.Ack{{Tag: 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := tracker(tc.maxBehind, 5)
			for _, tag := range tc.settle {
				a.Settle(tag)
			}
			if diff := cmp.Diff(tc.want, a.Take()); diff != "" {
				t.Error(diff)
			}
			if again := a.Take(); again != nil {
				t.Errorf("a second Take returns %v", again)
			}
			if diff := cmp.Diff(tc.all, a.TakeAll()); diff != "" {
				t.Error(diff)
			}
			if n := a.Settled(); n != 0 {
				t.Errorf("%d are settled and not acknowledged", n)
			}
		})
	}
}

// After single acknowledgements, multiple names the last tag that is still open at the broker.
func TestAckTrackerSkipsAcknowledged(t *testing.T) {
	a := tracker(1, 4)
	a.Settle(3)
	a.Settle(4)
	a.Take()
	a.Settle(1)
	a.Settle(2)
	want := []delivery.Ack{{Tag: 2, Multiple: true}}
	if diff := cmp.Diff(want, a.Take()); diff != "" {
		t.Error(diff)
	}
}

// broker is a model of the broker's side: unacknowledged tags, and whether each is settled here.
type broker map[uint64]bool

func (b broker) apply(t *rapid.T, due []delivery.Ack) {
	for _, d := range due {
		if _, open := b[d.Tag]; !open {
			t.Fatalf("tag %d is not open: the broker closes the channel", d.Tag)
		}
		for tag, settled := range b {
			if tag == d.Tag || d.Multiple && tag <= d.Tag {
				if !settled {
					t.Fatalf("tag %d is acknowledged before it is settled", tag)
				}
				delete(b, tag)
			}
		}
	}
}

// Every settled delivery is acknowledged once, and none before it is settled.
func TestAckTrackerMatchesBroker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := delivery.NewAckTracker(rapid.IntRange(0, 5).Draw(t, "max behind"))
		b := broker{}
		next := uint64(rapid.IntRange(1, 9).Draw(t, "first"))
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				a.Add(next)
				b[next] = false
				next++
			case 1:
				if next > 1 {
					tag := rapid.Uint64Range(1, next-1).Draw(t, "tag")
					a.Settle(tag)
					if _, ok := b[tag]; ok {
						b[tag] = true
					}
				}
			case 2:
				b.apply(t, a.Take())
			case 3:
				b.apply(t, a.TakeAll())
			}
		}
		for tag := range b {
			a.Settle(tag)
			b[tag] = true
		}
		b.apply(t, a.Take())
		if len(b) != 0 {
			t.Fatalf("%d settled deliveries are never acknowledged", len(b))
		}
	})
}
