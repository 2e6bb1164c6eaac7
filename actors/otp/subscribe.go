package otp

import (
	"slices"
	"sync"
)

// maxReports is the queue bound of one subscriber.
const maxReports = 10_000

// subscriber receives reports on its own goroutine, which runs only while there are reports.
type subscriber struct {
	handle func(Report)
	kinds  []ReportKind // empty means all

	mu      sync.Mutex
	queue   []Report
	lost    uint64
	running bool
}

// Subscribe calls f with every report of the given kinds, all if none are given, one after the
// other on a goroutine of the subscriber. The reporting process never waits, and a panic in f is
// recovered. If more than 10,000 reports are queued, the newest are dropped and counted in a
// [ReportsLost] report. The returned function ends the subscription and discards queued reports.
func (s *System) Subscribe(f func(Report), kinds ...ReportKind) (cancel func()) {
	sub := &subscriber{handle: f, kinds: kinds}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setSubscribers(append(slices.Clone(s.subscribers()), sub))
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.setSubscribers(slices.DeleteFunc(slices.Clone(s.subscribers()), func(x *subscriber) bool { return x == sub }))
		sub.mu.Lock()
		defer sub.mu.Unlock()
		sub.handle, sub.queue = func(Report) {}, nil
	}
}

func (s *System) subscribers() []*subscriber {
	if p := s.subs.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *System) setSubscribers(list []*subscriber) { s.subs.Store(&list) }

// wanted reports whether a subscriber receives this kind.
func (s *System) wanted(k ReportKind) bool {
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
			sub.enqueue(r)
		}
	}
}

func (s *subscriber) enqueue(r Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= maxReports {
		s.lost++
		return
	}
	s.queue = append(s.queue, r)
	if !s.running {
		s.running = true
		go s.run()
	}
}

// run calls the subscriber until its queue is empty.
func (s *subscriber) run() {
	for {
		s.mu.Lock()
		batch, lost, f := s.queue, s.lost, s.handle
		s.queue, s.lost = nil, 0
		if len(batch) == 0 && lost == 0 {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, r := range batch {
			deliverReport(f, r)
		}
		if lost > 0 {
			deliverReport(f, Report{Kind: ReportsLost, Lost: lost})
		}
	}
}

func deliverReport(f func(Report), r Report) {
	defer func() { _ = recover() }() // Subscribe promises it
	f(r)
}
