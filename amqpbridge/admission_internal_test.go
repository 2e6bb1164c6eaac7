package amqpbridge

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"registrar/actors/domain"
)

func asker(realm, user string) *job {
	return &job{aor: domain.Key{Realm: domain.Realm(realm), User: domain.User(user)}}
}

// Known users come before strangers, realms take turns within either, and each realm keeps its order.
func TestGateOrder(t *testing.T) {
	g := newAdmissionQueue(1, 0, 100)
	g.recent.add(asker("a", "known").aor)
	g.recent.add(asker("b", "known").aor)
	first := asker("x", "first")
	if begin, _ := g.enter(first); !begin {
		t.Fatal("the first has to wait")
	}
	for _, j := range []*job{asker("a", "1"), asker("a", "2"), asker("a", "3"), asker("b", "1"), asker("a", "known"), asker("a", "known"), asker("b", "known")} {
		if begin, shed := g.enter(j); begin || shed != nil {
			t.Fatalf("%v begins, or something is shed", j.aor)
		}
	}
	var got []string
	for j := first; j != nil; {
		g.leave(j)
		if j = g.next(); j != nil {
			got = append(got, string(j.aor.Realm)+"/"+string(j.aor.User))
		}
	}
	want := "[a/known b/known a/known a/1 b/1 a/2 a/3]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// What is given up is a stranger's, of the realm with the most waiting, the oldest first; only then a known user's.
func TestGateSheds(t *testing.T) {
	g := newAdmissionQueue(1, 4, 100)
	g.recent.add(asker("a", "known").aor)
	g.enter(asker("x", "first"))
	for _, j := range []*job{asker("b", "1"), asker("c", "1"), asker("c", "2"), asker("a", "known")} {
		g.enter(j)
	}
	var got []string
	for range 5 {
		if _, shed := g.enter(asker("a", "known")); shed != nil {
			got = append(got, string(shed.aor.Realm)+"/"+string(shed.aor.User))
		}
	}
	if want := "[c/1 c/2 b/1 a/known a/known]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Strangers who name ever new realms and never have their turn, because known users alone are more than can be worked on, leave nothing behind.
func TestGateForgetsTheShed(t *testing.T) {
	const most = 8
	g := newAdmissionQueue(1, most, 100)
	known := asker("acme.test", "known")
	g.recent.add(known.aor)
	working := asker("x", "first")
	g.enter(working)
	for i := range 1000 {
		g.enter(asker(string(known.aor.Realm), "known"))
		g.enter(asker("realm"+strconv.Itoa(i), "stranger"))
		if i%2 == 0 {
			g.leave(working)
			if working = g.next(); working == nil || working.aor != known.aor {
				t.Fatalf("%v has its turn", working)
			}
		}
		for name, k := range map[string]priority{"known": g.known, "strange": g.strange} {
			if len(k.lines) > 2*(most+1) || len(k.turn) != len(k.lines) {
				t.Fatalf("%d wait in all; of the class %s there are %d lines and %d turns", g.waiting, name, len(k.lines), len(k.turn))
			}
		}
	}
}

// The questions of registrars whether they are answered come before strangers', but a few of them only; who merely names their realm is a stranger.
func TestGateCanaries(t *testing.T) {
	const most = 4 * canariesMost
	canary := func(own bool) *job {
		j := asker(string(canaryRealm), "canary")
		j.canary = own
		return j
	}
	g := newAdmissionQueue(1, most, 100)
	g.enter(asker("x", "first"))
	for i := range most {
		g.enter(asker("acme.test", strconv.Itoa(i)))
	}
	for range most {
		if _, shed := g.enter(canary(false)); shed == nil || shed.admission != admissionNone {
			t.Fatal("nobody is given up")
		}
	}
	if n := g.strange.waiting("acme.test"); n < most/2-1 || g.known.waiting(canaryRealm) > 0 {
		t.Errorf("%d of %d are left for as many who name the canary's realm, %d of which are known", n, most, g.known.waiting(canaryRealm))
	}
	for range most {
		g.enter(canary(true))
	}
	if n := g.known.waiting(canaryRealm); n != canariesMost {
		t.Errorf("%d canaries wait among the known", n)
	}
}

// The users that were answered last are known, as many as the gate is told; memory of those before them ends.
func TestGateKnows(t *testing.T) {
	const known = 1000
	g := newAdmissionQueue(1, 0, known)
	for i := range 10 * known {
		g.recent.add(asker("acme.test", strconv.Itoa(i)).aor)
	}
	for i := range 10 * known {
		if has := g.recent.has(asker("acme.test", strconv.Itoa(i)).aor); i >= 9*known && !has || i < 8*known && has {
			t.Fatalf("of %d users number %d is known: %v", 10*known, i, has)
		}
	}
}

// A key of a registrar is told from that of a switch.
func TestOwnKeys(t *testing.T) {
	for key, own := range map[string]bool{
		ownKey(): true, "": false, ownKeyPrefix: false, "registrar-kamailio-1-example-com-a": false, "kamailio@registrar-1.example.com": false,
		"registrar-" + strings.Repeat("a", 26): false,
	} {
		if isOwnKey(key) != own {
			t.Errorf("%q", key)
		}
	}
}

// Whatever comes and goes: nobody is worked on beyond the window, nobody waits while there is room, what waits is bounded, and everybody is worked
// on or given up exactly once.
func TestGateModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		window, most := rapid.IntRange(1, 4).Draw(rt, "window"), rapid.IntRange(0, 6).Draw(rt, "most")
		g := newAdmissionQueue(window, most, 100)
		state := map[*job]string{}
		var work []*job
		count := func(what string) (n int) {
			for _, s := range state {
				if s == what {
					n++
				}
			}
			return n
		}
		begin := func(j *job) {
			if state[j] != "waits" {
				rt.Fatalf("one that %q begins", state[j])
			}
			state[j] = "works"
			work = append(work, j)
		}
		for i := range rapid.IntRange(1, 60).Draw(rt, "steps") {
			if len(work) > 0 && rapid.Bool().Draw(rt, "ends") {
				n := rapid.IntRange(0, len(work)-1).Draw(rt, "which")
				j := work[n]
				work = append(work[:n], work[n+1:]...)
				state[j] = "done"
				if rapid.Bool().Draw(rt, "found") {
					g.recent.add(j.aor)
				}
				g.leave(j)
				if next := g.next(); next != nil {
					begin(next)
				}
			} else {
				j := asker(strconv.Itoa(rapid.IntRange(0, 3).Draw(rt, "realm")), strconv.Itoa(i%5))
				state[j] = "waits"
				now, shed := g.enter(j)
				if now {
					begin(j)
				}
				if shed != nil {
					if state[shed] != "waits" {
						rt.Fatalf("one that %q is given up", state[shed])
					}
					state[shed] = "shed"
				}
			}
			checkLines(rt, g)
			works, waits := count("works"), count("waits")
			if works > window || works != g.working || waits != g.waiting || most > 0 && waits > most || waits > 0 && works < window {
				rt.Fatalf("%d work, %d wait; the gate says %d and %d", works, waits, g.working, g.waiting)
			}
		}
	})
}

// checkLines looks at the lines of a gate: each has its turn, those of nobody are counted, and nobody's are bounded by what may wait.
func checkLines(rt *rapid.T, g *admissionQueue) {
	waits := 0
	for _, k := range []priority{g.known, g.strange} {
		empty := 0
		for _, l := range k.turn {
			if waits += len(l.jobs); len(l.jobs) == 0 {
				empty++
			}
			if k.lines[l.realm] != l {
				rt.Fatalf("a turn of %s, which has another line", l.realm)
			}
		}
		if len(k.turn) != len(k.lines) || empty != k.empty || empty > g.most+1 {
			rt.Fatalf("%d lines have %d turns, %d of them for nobody; the class says %d", len(k.lines), len(k.turn), empty, k.empty)
		}
	}
	if waits != g.waiting {
		rt.Fatalf("%d wait in lines, %d in all", waits, g.waiting)
	}
}
