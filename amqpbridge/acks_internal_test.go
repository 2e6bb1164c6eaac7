package amqpbridge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAcksCoverTheSettledPrefixWithOne(t *testing.T) {
	a := acks{behind: 2}
	for tag := range uint64(5) {
		a.add(tag + 1)
	}
	a.settle(1)
	a.settle(2)
	a.settle(4)
	want := []ack{{tag: 2, multiple: true}}
	if diff := cmp.Diff(want, a.take(), cmp.AllowUnexported(ack{})); diff != "" {
		t.Error(diff)
	}
	if due := a.take(); due != nil {
		t.Errorf("nothing new is settled, yet %v is due", due)
	}
	a.settle(3)
	want = []ack{{tag: 4, multiple: true}}
	if diff := cmp.Diff(want, a.take(), cmp.AllowUnexported(ack{})); diff != "" {
		t.Error(diff)
	}
}

func TestAcksDoNotWaitForEverBehindASlowOne(t *testing.T) {
	a := acks{behind: 1}
	for tag := range uint64(4) {
		a.add(tag + 1)
	}
	a.settle(3)
	if due := a.take(); due != nil {
		t.Errorf("one settled delivery may wait, yet %v is due", due)
	}
	a.settle(4)
	want := []ack{{tag: 3}, {tag: 4}}
	if diff := cmp.Diff(want, a.take(), cmp.AllowUnexported(ack{})); diff != "" {
		t.Error(diff)
	}
	a.settle(1)
	a.settle(2)
	want = []ack{{tag: 2, multiple: true}} // 4 is not open any more
	if diff := cmp.Diff(want, a.take(), cmp.AllowUnexported(ack{})); diff != "" {
		t.Error(diff)
	}
}

// A model of the broker: every settled delivery is acknowledged, none before it is settled, none twice.
func TestAcksMatchTheBroker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := acks{behind: rapid.IntRange(0, 5).Draw(t, "behind")}
		open := map[uint64]bool{} // unacknowledged at the broker: is it settled here
		next := uint64(rapid.IntRange(1, 9).Draw(t, "first"))
		apply := func(due []ack) {
			for _, d := range due {
				if _, there := open[d.tag]; !there {
					t.Fatalf("tag %d is not open", d.tag) // a channel exception
				}
				hit := false
				for tag, settled := range open {
					if tag == d.tag || d.multiple && tag <= d.tag {
						if !settled {
							t.Fatalf("tag %d acknowledged before it was settled", tag)
						}
						delete(open, tag)
						hit = true
					}
				}
				if !hit {
					t.Fatalf("acknowledgement of %v covers nothing: the broker would close the channel", d)
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				a.add(next)
				open[next] = false
				next++
			case 1:
				if next > 1 {
					tag := rapid.Uint64Range(1, next-1).Draw(t, "tag")
					a.settle(tag)
					if _, ok := open[tag]; ok {
						open[tag] = true
					}
				}
			case 2:
				apply(a.take())
			}
		}
		for tag := range open {
			a.settle(tag)
			open[tag] = true
		}
		apply(a.take())
		if len(open) != 0 {
			t.Fatalf("%d settled deliveries were never acknowledged", len(open))
		}
	})
}
