package supervisor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// Every kind of process is killed repeatedly under load. Every request is answered, every
// registration that the broker accepted is stored at the end, also after a restart, and the tree
// is complete.
func TestEveryProcessMayDie(t *testing.T) {
	b := newTestbed(t)
	b.start()
	const users = 200
	for i := range users {
		b.provision(realm, strconv.Itoa(i), "secret")
	}
	sw := b.connect("switch", wire.Kazoo5)
	ctx, cancel := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	var killed atomic.Int32
	killer.Go(func() { b.killAllKinds(ctx, &killed) })

	// The last contact of each user is the one that has to be there.
	last := 0
	for round := 0; round < 3 || killed.Load() < 80; round++ {
		last = round
		var phones sync.WaitGroup
		for i := range users {
			phones.Go(func() {
				user := strconv.Itoa(i)
				b.ask(sw, user)
				err := sw.Report(within(t, otptest.Timeout), client.Registration{
					Realm: realm, User: user, Contact: fmt.Sprintf("sip:%s@192.0.2.1:%d", user, 5000+round), Expires: time.Hour,
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		phones.Wait()
	}
	cancel()
	killer.Wait()
	b.until("consuming again", func() bool { ok, _ := b.server.Ready(); return ok })
	check := func() {
		t.Helper()
		for i := range users {
			b.until("registered", func() bool {
				m, err := sw.Query(within(t, patience), realm, strconv.Itoa(i), "Contact")
				r, ok := m.(*wire.RegQueryResponse)
				return err == nil && ok && len(r.Fields) == 1 && string(r.Fields[0]["Contact"]) == fmt.Sprintf(`"sip:%d@192.0.2.1:%d"`, i, 5000+last)
			})
		}
	}
	check()
	if n := count(b.server.Counts(), "registrations", "poison"); n > 0 {
		t.Errorf("%d good registrations were parked as poison", n)
	}
	if err := b.server.Err(); err != nil {
		t.Errorf("the tree gave up: %v", err)
	}
	b.stop()
	b.start()
	check()
}

// ask asks for credentials as a switch does: again when no answer comes in time.
func (b *testbed) ask(sw *client.Conn, user string) {
	for range 8 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		m, err := sw.Authn(ctx, realm, user)
		cancel()
		if err != nil {
			continue
		}
		if r, ok := m.(*wire.AuthnResponse); !ok || r.Password.Reveal() != "secret" {
			b.t.Errorf("%s got %+v", user, m)
		}
		return
	}
	b.t.Errorf("%s got no answer", user)
}

// killAllKinds kills a process every few milliseconds: mostly actors of users, sometimes a realm
// or a process that they depend on. It counts the killed processes. No actor crashes often enough
// to cool down, and no registration is parked as poison: a user dies four times at most, the realm
// every second.
func (b *testbed) killAllKinds(ctx context.Context, killed *atomic.Int32) {
	rare := []string{
		"bridge/authn", "bridge/registrations", "bridge/queries", "bridge/publisher", "bridge/publishing", "bridge/consuming",
		"registrations/writer", "registrations/reader/0", "credentials/writer", "credentials/reader/1", "realms",
		"users/00", "users/17", "users/42", "observe/control",
	}
	died := map[string]int{}
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		name := fmt.Sprintf("user/%d@%s", rand.N(200), realm)
		switch {
		case n%20 == 19 && n/20 < len(rare): // each once: more would be more than its supervisor's intensity
			name = rare[n/20]
		case n%400 == 9:
			name = "realm/" + realm
		case died[name] == 4:
			continue
		}
		if b.server.Kill(name) == nil { // it may not be there just now
			died[name]++
			killed.Add(1)
		}
	}
}

// A credential that is changed counts for the next authn, cached or not.
func TestChangedCredentialCountsForTheNextAuthn(t *testing.T) {
	b := newTestbed(t)
	b.start()
	sw := b.connect("switch", wire.Kazoo5)
	for i := range 50 {
		want := fmt.Sprintf("secret-%d", i)
		b.provision(realm, "100", want)
		m, err := sw.Authn(within(t, otptest.Timeout), realm, "100")
		if r, ok := m.(*wire.AuthnResponse); err != nil || !ok || r.Password.Reveal() != want {
			t.Fatalf("got %+v, %v", m, err)
		}
	}
	there, err := b.server.Delete(t.Context(), domain.Key{Realm: realm, User: "100"})
	if err != nil || !there {
		t.Fatal(there, err)
	}
	m, err := sw.Authn(within(t, otptest.Timeout), realm, "100")
	if _, ok := m.(*wire.AuthnError); !ok {
		t.Errorf("got %+v, %v", m, err)
	}
}

// A registration ends at its time: it is shown before, and not after.
func TestRegistrationEndsAtItsTime(t *testing.T) {
	b := newTestbed(t)
	b.start()
	sw := b.connect("switch", wire.Kazoo5)
	const lifetime = 5 * time.Second
	began := time.Now()
	err := sw.Report(within(t, otptest.Timeout), client.Registration{Realm: realm, User: "100", Contact: phone, Expires: lifetime})
	if err != nil {
		t.Fatal(err)
	}
	b.until("registered", func() bool { return has(b.server.Counts(), "registrations", "registered") })
	stored := time.Now() // it has arrived before, and ends so long after its arrival
	b.until("ended", func() bool {
		asked := time.Now()
		m, err := sw.Query(within(t, otptest.Timeout), realm, "100")
		if err != nil {
			t.Fatal(err)
		}
		_, gone := m.(*wire.RegQueryError)
		if !gone && asked.Sub(stored) > lifetime {
			t.Errorf("still shown %v after it was registered for %v", asked.Sub(stored), lifetime)
		}
		if gone && time.Since(began) < lifetime {
			t.Errorf("gone after %v", time.Since(began))
		}
		return gone
	})
}

// Unknown realms and users start no process.
func TestUnknownUsersStartNoProcess(t *testing.T) {
	b := newTestbed(t)
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	for i := range 100 {
		_, _ = sw.Authn(within(t, otptest.Timeout), fmt.Sprintf("strange-%d.test", i), "100")
		_, _ = sw.Query(within(t, otptest.Timeout), realm, fmt.Sprintf("stranger-%d", i))
	}
	if n := b.dynamic(); n != 0 {
		t.Errorf("%d processes were started for strangers", n)
	}
}

func (b *testbed) dynamic() int {
	n := 0
	tree := b.server.Tree()
	for stack := append(tree.Children[:0:0], tree); len(stack) > 0; {
		top := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], top.Children...)
		n += top.Dynamic
	}
	return n
}
