package supervisor_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"registrar/amqpbridge"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/softswitch"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

// patience is how long an asker waits for an answer.
const patience = 2500 * time.Millisecond

// asked is what askers of one kind have seen.
type asked struct {
	mu             sync.Mutex
	sent, answered int
	slowest        time.Duration
}

func (a *asked) ask(sw *softswitch.Switch, realm, user string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience) // to see what comes too late
	defer cancel()
	began := time.Now()
	_, err := sw.Authn(ctx, realm, user)
	took := time.Since(began)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent++
	if err == nil {
		a.slowest = max(a.slowest, took)
		if took <= patience {
			a.answered++
		}
	}
}

func (a *asked) share() float64 { return float64(a.answered) / float64(a.sent) }

// Three times as many questions as can be answered, most of them from strangers: at least nine tenths of what can be answered at best is answered in time,
// nothing later than the asker waits, and neither known users nor a small realm notice.
func TestOverload(t *testing.T) {
	brokertest.Alone(t)
	b := newTestbed(t)
	b.cfg.Bridge = amqpbridge.DefaultSettings()
	b.cfg.Bridge.Service = 4 * time.Millisecond
	b.start()
	const users = 100
	for i := range users {
		b.provision("big.test", strconv.Itoa(i), "secret")
	}
	b.provision("small.test", "1", "secret")
	sw := b.connect("switch", wire.Kazoo5)

	for i := range users { // all of them become known
		(&asked{}).ask(sw, "big.test", strconv.Itoa(i))
	}
	(&asked{}).ask(sw, "small.test", "1")
	var best asked
	var closed sync.WaitGroup
	began := time.Now()
	for w := range 16 {
		closed.Go(func() {
			for i := w; time.Since(began) < 3*time.Second; i++ {
				best.ask(sw, "big.test", strconv.Itoa(i%users))
			}
		})
	}
	closed.Wait()
	peak := float64(best.answered) / time.Since(began).Seconds()

	var known, small, strangers asked
	var open sync.WaitGroup
	const seconds = 6
	rate := func(a *asked, perSecond float64, realm string, user func(i int) string) {
		open.Go(func() {
			tick := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
			defer tick.Stop()
			for i := range int(perSecond * seconds) {
				<-tick.C
				open.Go(func() { a.ask(sw, realm, user(i)) })
			}
		})
	}
	began = time.Now()
	rate(&known, 0.7*peak, "big.test", func(i int) string { return strconv.Itoa(i % users) })
	rate(&small, 0.05*peak, "small.test", func(int) string { return "1" })
	rate(&strangers, 2.25*peak, "big.test", func(i int) string { return fmt.Sprint("stranger-", i) })
	open.Wait()
	good := float64(known.answered+small.answered+strangers.answered) / seconds
	t.Logf("at best %.0f a second; with three times as many %.0f: known %.3f, small realm %.3f, strangers %.3f; slowest %v; %v",
		peak, good, known.share(), small.share(), strangers.share(), max(known.slowest, small.slowest, strangers.slowest), b.server.Counts())
	if good < 0.9*peak {
		t.Errorf("%.0f a second are answered in time, of %.0f at best", good, peak)
	}
	if slowest := max(known.slowest, small.slowest, strangers.slowest); slowest > patience {
		t.Errorf("something is answered after %v", slowest)
	}
	if known.share() < 0.95 || small.share() < 0.95 {
		t.Errorf("known users: %.3f answered, a small realm: %.3f", known.share(), small.share())
	}
}

// Reports that wait are taken in the order of what they are worth: the refresh of a phone that is registered passes by first registrations.
func TestRefreshesComeBeforeFirstRegistrations(t *testing.T) {
	b := newLoopbed(t, func(c *supervisor.Config) { c.Bridge.Service = 5 * time.Millisecond })
	b.equal("first", b.report(kazoo4Report, regSuccess), "registered")
	const phones = 100
	for i := range phones {
		b.publish(kazoo4Report, regSuccess.with(fields{"Username": fmt.Sprint("new-", i), "Contact": fmt.Sprintf("<sip:%d@192.0.2.1>", i)}))
	}
	b.publish(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + 1}))
	b.until("refreshed", func() bool { return b.outcomes()["refreshed"] == 1 })
	if n := b.outcomes()["registered"]; n > phones*3/4 {
		t.Errorf("%d phones were registered before it", n-1)
	}
	b.until("all registered", func() bool { return b.outcomes()["registered"] == phones+1 })
}
