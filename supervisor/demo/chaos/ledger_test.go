package chaos_test

import (
	"strings"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/supervisor/demo/chaos"
)

// at is a time of a made-up history, in milliseconds.
func at(ms int) time.Time { return time.UnixMilli(int64(1_000_000 + ms)) }

func change(value string, called, settled int) chaos.Change {
	c := chaos.Change{Value: value, Called: at(called)}
	if settled > 0 {
		c.Settled = at(settled)
	}
	return c
}

func read(value string, called, returned int) chaos.Read {
	return chaos.Read{Value: value, Called: at(called), Returned: at(returned)}
}

// Judge tells right from wrong replies in made-up histories.
func TestJudge(t *testing.T) {
	two := []chaos.Change{change("one", 10, 0), change("two", 20, 0)}
	for name, c := range map[string]struct {
		changes []chaos.Change
		reads   []chaos.Read
		wrong   []chaos.Read
	}{
		"nothing is known yet":                 {two, []chaos.Read{read("", 0, 5), read("", 30, 40)}, nil},
		"not settled: either is right":         {two, []chaos.Read{read("one", 30, 35), read("two", 36, 40)}, nil},
		"a slow answer":                        {two, []chaos.Read{read("one", 15, 50), read("two", 21, 40)}, nil},
		"older than one that was shown before": {two, []chaos.Read{read("two", 30, 35), read("one", 36, 40)}, []chaos.Read{read("one", 36, 40)}},
		"gone after it was shown":              {two, []chaos.Read{read("one", 30, 35), read("", 36, 40)}, []chaos.Read{read("", 36, 40)}},
		"shown before it was reported":         {two, []chaos.Read{read("two", 11, 19)}, []chaos.Read{read("two", 11, 19)}},
		"never reported":                       {two, []chaos.Read{read("three", 30, 40)}, []chaos.Read{read("three", 30, 40)}},
		"older than what was settled": {
			[]chaos.Change{change("one", 10, 0), change("two", 20, 50)}, []chaos.Read{read("one", 40, 49), read("one", 51, 60)}, []chaos.Read{read("one", 51, 60)},
		},
		"asked before it was settled": {[]chaos.Change{change("one", 10, 50)}, []chaos.Read{read("", 45, 60), read("one", 51, 60)}, nil},
		"a refresh and a leave": {
			[]chaos.Change{change("one", 10, 15), change("one", 20, 25), change("", 30, 0)}, []chaos.Read{read("one", 26, 27), read("one", 31, 32), read("", 33, 34)}, nil,
		},
		"two wrong ones": {
			[]chaos.Change{change("one", 10, 15), change("two", 20, 25)},
			[]chaos.Read{read("one", 30, 31), read("two", 32, 33), read("", 34, 35)},
			[]chaos.Read{read("one", 30, 31), read("", 34, 35)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := chaos.History{Changes: c.changes, Reads: c.reads}
			got := h.Wrong()
			if len(got) != len(c.wrong) {
				t.Fatalf("wrong are %v, want %v", got, c.wrong)
			}
			for i := range got {
				if got[i] != c.wrong[i] {
					t.Errorf("wrong is %v, want %v", got[i], c.wrong[i])
				}
			}
		})
	}
}

// A registration is lost when the one found is older than the settled one: confirmed by the
// broker and no longer in the queue.
func TestLost(t *testing.T) {
	k := domain.Key{Realm: "one.test", User: "100"}
	ledger := func() *chaos.Ledger {
		l := chaos.NewLedger()
		for i, contact := range []string{"one", "two", "three", "four"} {
			l.Reporting(k, contact+"-id", contact, at(10*i+10))
			if contact != "four" {
				l.Confirmed(k, at(10*i+15))
			}
		}
		return l
	}
	for name, c := range map[string]struct {
		left    map[string]bool
		settled int
		kept    string
		lost    bool
	}{
		"the newest that was confirmed":       {nil, 3, "three", false},
		"newer than that":                     {nil, 3, "four", false},
		"older":                               {nil, 3, "two", true},
		"nothing":                             {nil, 3, "", true},
		"the newest is in the queue":          {map[string]bool{"three-id": true}, 2, "two", false},
		"the newest is in the queue as well":  {map[string]bool{"three-id": true}, 2, "three", false},
		"older than what is not in the queue": {map[string]bool{"three-id": true}, 2, "one", true},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledger()
			if n := l.Settle(at(100), c.left); n != c.settled {
				t.Errorf("%d are settled, want %d", n, c.settled)
			}
			lost := l.Lost("a test", map[domain.Key]string{k: c.kept}, at(101), at(110))
			if (len(lost) == 1) != c.lost {
				t.Errorf("lost: %+v", lost)
			}
			wrong, answers := l.Judge()
			if answers != 1 || (len(wrong) == 1) != c.lost || c.lost && !strings.Contains(wrong[0], "a test: 100@one.test is shown at") {
				t.Errorf("of %d answers are wrong: %v", answers, wrong)
			}
		})
	}
}

// A password is right while it is, or may be, in effect.
func TestPasswords(t *testing.T) {
	k := domain.Key{Realm: "one.test", User: "100"}
	l := chaos.NewLedger()
	l.Changing(k, "first", at(0))
	l.Changed(k, at(10))
	l.Changing(k, "second", at(20))
	l.Changed(k, at(30))
	for _, r := range []chaos.Read{read("first", 15, 25), read("second", 22, 26), read("second", 31, 32), read("first", 33, 34), read("", 35, 36)} {
		l.Answered(k, r)
	}
	if wrong, answers := l.Judge(); len(wrong) != 2 || answers != 5 {
		t.Errorf("of %d answers are wrong: %v", answers, wrong)
	}
}
