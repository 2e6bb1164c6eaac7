package otp

import (
	"slices"
	"sync"
)

// subscriberMost is how many reports wait for one subscriber.
const subscriberMost = 10_000

// subscriber hears reports on a goroutine of its own, which is there only while there is something to hear.
type subscriber struct {
	f     func(Report)
	kinds []ReportKind // none is all

	mu        sync.Mutex
	queue     []Report
	lost      uint64
	listening bool
}

// Subscribe has f called with every report of these kinds (none given: all), one after the other, on a goroutine of the subscriber's own. Whoever
// reports never waits for it, and a panic in f is swallowed: a subscriber cannot harm the sender. One that falls behind by more than 10,000 reports
// loses the newest and is told how many with a report of kind [ReportsLost]. The returned function ends the subscription; what is queued then
// is not delivered.
func (s *System) Subscribe(f func(Report), kinds ...ReportKind) (cancel func()) {
	sub := &subscriber{f: f, kinds: kinds}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setSubscribers(append(slices.Clone(s.subscribers()), sub))
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.setSubscribers(slices.DeleteFunc(slices.Clone(s.subscribers()), func(x *subscriber) bool { return x == sub }))
		sub.mu.Lock()
		defer sub.mu.Unlock()
		sub.f, sub.queue = func(Report) {}, nil
	}
}

func (s *System) subscribers() []*subscriber {
	if p := s.subs.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *System) setSubscribers(list []*subscriber) { s.subs.Store(&list) }

// hears reports whether anybody wants reports of a kind.
func (s *System) hears(k ReportKind) bool {
	for _, sub := range s.subscribers() {
		if len(sub.kinds) == 0 || slices.Contains(sub.kinds, k) {
			return true
		}
	}
	return false
}

func (s *System) report(r Report) {
	s.recordReport(r)
	for _, sub := range s.subscribers() {
		if len(sub.kinds) == 0 || slices.Contains(sub.kinds, r.Kind) {
			sub.put(r)
		}
	}
}

func (s *subscriber) put(r Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= subscriberMost {
		s.lost++
		return
	}
	s.queue = append(s.queue, r)
	if !s.listening {
		s.listening = true
		go s.listen()
	}
}

// listen hands reports over until none is left.
func (s *subscriber) listen() {
	for {
		s.mu.Lock()
		batch, lost, f := s.queue, s.lost, s.f
		s.queue, s.lost = nil, 0
		if len(batch) == 0 && lost == 0 {
			s.listening = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, r := range batch {
			hand(f, r)
		}
		if lost > 0 {
			hand(f, Report{Kind: ReportsLost, Lost: lost})
		}
	}
}

func hand(f func(Report), r Report) {
	defer func() { _ = recover() }() // see Subscribe
	f(r)
}
