package directory_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/actors/registration"
)

func (b *fixture) eventually(what string, is func() bool) {
	b.t.Helper()
	if !otptest.Eventually(is) {
		b.t.Fatal(what)
	}
}

// Passivated users keep their registrations and are started again on demand.
func TestIdleUsersArePassivated(t *testing.T) {
	s := newStore()
	b := start(t, s, time.Hour, func(e *directory.Env) { e.PassivateAfter = 20 * time.Millisecond })
	for i := range 200 {
		if _, err := b.register(strconv.Itoa(i), "sip:a", time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	b.eventually("actors are not passivated", func() bool { return b.actors() == 0 })
	if s.size() != 200 {
		t.Errorf("%d records", s.size())
	}
	for i := range 200 {
		b.shown(strconv.Itoa(i), "sip:a")
	}
	if n := len(s.fenced()); n > 200 {
		t.Errorf("%d fences for 200 users", n)
	}
	b.eventually("actors are not passivated", func() bool { return b.actors() == 0 })
	if left := s.fenced(); len(left) != 0 {
		t.Errorf("%d fences are left behind", len(left))
	}
	if o, err := b.register("7", "sip:a", time.Hour); err != nil || o.Result != registration.Refreshed {
		t.Errorf("refresh of a passivated user: %v, %v", o.Result, err)
	}
}

// Beyond the limit of live actors the least recently used are passivated.
func TestLiveUsersAreLimited(t *testing.T) {
	const users, each = 800, 8 // per shard
	b := start(t, newStore(), time.Hour, func(e *directory.Env) { e.MaxLive = each * directory.Shards })
	want, shards := 0, map[int]int{}
	for i := range users {
		user := strconv.Itoa(i)
		if _, err := b.register(user, "sip:a", time.Hour); err != nil {
			t.Fatal(err)
		}
		b.shown("0", "sip:a") // keep this one in use
		shard := domain.ShardOf(key(user), directory.Shards)
		if shards[shard]++; shards[shard] <= each {
			want++
		}
		b.eventually("there are too many", func() bool { return b.actors() == want }) // passivation is asynchronous
	}
	for i := range users {
		b.shown(strconv.Itoa(i), "sip:a")
	}
}

// Thousands of users expire at once while others return. All expired bindings leave the file,
// returned users are unaffected, and each end is notified once.
func TestManyEndAtOnce(t *testing.T) {
	s := newStore()
	var mu sync.Mutex
	down := map[string]int{}
	b := start(t, s, time.Millisecond, func(e *directory.Env) {
		e.PassivateAfter, e.PruneBatch = 20*time.Millisecond, 500
		e.Notify = func(_ otp.Origin, ev registration.Event) {
			mu.Lock()
			defer mu.Unlock()
			if ev.Kind == registration.BindingEnded {
				down[string(ev.Key.User)]++
			}
		}
		e.Limits.TombstoneTTL = time.Second
	})
	const users = 3000 // several steps of the sweeper
	var fill sync.WaitGroup
	for w := range 10 {
		fill.Go(func() {
			for i := w; i < users; i += 10 {
				if _, err := b.register(strconv.Itoa(i), "sip:a", time.Minute); err != nil {
					t.Error(err)
				}
			}
		})
	}
	fill.Wait()
	b.now.Add((2 * time.Minute).Milliseconds()) // all have expired
	back := map[string]bool{}
	for i := 0; i < users; i += 20 {
		user := strconv.Itoa(i)
		if _, err := b.register(user, "sip:b", time.Hour); err != nil {
			t.Fatal(err)
		}
		back[user] = true
	}
	b.eventually("they stay in the file", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for k, rec := range s.recs {
			if len(rec.Bindings) != 0 && !back[string(k.User)] {
				return false
			}
		}
		return true
	})
	for i := range users {
		user := strconv.Itoa(i)
		if back[user] {
			b.shown(user, "sip:b")
		} else if i%7 == 0 {
			b.shown(user)
		}
	}
	b.now.Add(time.Hour.Milliseconds() / 2) // tombstones may be removed
	b.eventually("tombstones stay in the file", func() bool { return s.size() == len(back) })
	counted, err := b.count()
	if err != nil || counted != len(back) {
		t.Errorf("%d are counted, %v, of %d", counted, err, len(back))
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range users {
		if user := strconv.Itoa(i); down[user] != 1 {
			t.Fatalf("the end of %s was told %d times", user, down[user])
		}
	}
}

// count returns the number of live bindings of all shards.
func (b *fixture) count() (n int, err error) {
	for _, shard := range b.users.All() {
		c, err := otp.Call(context.Background(), otp.External("test"), shard, func(f otp.From[directory.Counted]) directory.Message {
			return directory.Count{From: f}
		})
		if err != nil {
			return 0, err
		}
		n += c.N
	}
	return n, nil
}
