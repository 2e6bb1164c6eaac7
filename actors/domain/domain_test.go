package domain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar/actors/domain"
)

func TestSecretsDoNotPrint(t *testing.T) {
	c := domain.Credential{Key: domain.Key{Realm: "a", User: "u"}, Secret: domain.NewSecret("hush")}
	type hidden struct{ c domain.Credential } // fmt calls no methods of unexported fields
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v", hidden{c}), fmt.Sprintf("%#v", hidden{c}), string(asJSON),
	} {
		if strings.Contains(s, "hush") {
			t.Errorf("printed: %s", s)
		}
	}
	if c.Secret.Reveal() != "hush" || !c.Secret.Equal(domain.NewSecret("hush")) || c.Secret.Equal(domain.Secret{}) {
		t.Error("the secret is not what it was")
	}
}

func TestKeys(t *testing.T) {
	if k, err := domain.ParseKey("Acme.TEST", "Bob"); err != nil || k != (domain.Key{Realm: "acme.test", User: "Bob"}) || k.String() != "Bob@acme.test" {
		t.Errorf("got %v, %v", k, err)
	}
	for _, bad := range []string{"", strings.Repeat("x", 256), "a\x00b"} {
		for _, in := range [][2]string{{bad, "u"}, {"r", bad}} {
			if _, err := domain.ParseKey(in[0], in[1]); domain.KindOf(err) != domain.Invalid {
				t.Errorf("%q: %v", in, err)
			}
		}
	}
}

// Event times decide between messages of one sender, arrival times across senders. No message is
// older than itself, and Before is asymmetric.
func TestOrder(t *testing.T) {
	stamp := rapid.Custom(func(t *rapid.T) domain.Stamp {
		return domain.Stamp{
			Sender: rapid.Uint64Range(1, 2).Draw(t, "sender"), Event: rapid.Int64Range(0, 3).Draw(t, "event"),
			Arrival: rapid.Int64Range(1, 4).Draw(t, "arrival"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := stamp.Draw(t, "a"), stamp.Draw(t, "b")
		if a.Before(b) && b.Before(a) || a.Before(a) {
			t.Fatalf("%+v and %+v", a, b)
		}
		own := a.Sender == b.Sender && a.Event != 0 && b.Event != 0 && a.Event != b.Event
		if own && a.Before(b) != (a.Event < b.Event) || !own && a.Before(b) != (a.Arrival < b.Arrival) {
			t.Fatalf("%+v before %+v: %v", a, b, a.Before(b))
		}
	})
}

func TestKindOfErrors(t *testing.T) {
	for err, want := range map[error]domain.Kind{
		errors.New("x"): domain.Internal, context.DeadlineExceeded: domain.Unavailable,
		fmt.Errorf("outer: %w", domain.Wrap(domain.Conflict, "write", errors.New("x"))): domain.Conflict,
	} {
		if got := domain.KindOf(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

// A step of the wall clock moves no deadline during a run: only the monotonic clock advances it.
func TestRunClockIgnoresSteps(t *testing.T) {
	wall, mono := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 5*time.Second
	c := domain.NewRunClock(wall, func() time.Duration { return mono })
	if got := c.Now(); !got.Equal(wall) {
		t.Errorf("starts at %v", got)
	}
	mono += 90 * time.Second // a wall clock that was set back has no effect
	if got := c.Now(); !got.Equal(wall.Add(90 * time.Second)) {
		t.Errorf("90 s later it is %v", got)
	}
}

func TestShardsAreEven(t *testing.T) {
	const shards, users = 64, 64_000
	n := make([]int, shards)
	for i := range users {
		n[domain.ShardOf(domain.Key{Realm: "acme.test", User: domain.User(strconv.Itoa(i))}, shards)]++
	}
	for s, got := range n {
		if got < users/shards/2 || got > users/shards*2 {
			t.Errorf("shard %d has %d of %d users", s, got, users)
		}
	}
}
