package delivery

import (
	"sync"
	"time"
)

const (
	// rejectRate and rejectBurst bound the rejected messages that are parked, per second and at
	// once. A message beyond them is only counted: a flood of malformed messages costs little.
	rejectRate  = 50
	rejectBurst = 200
	// logEvery is the least time between two log messages with the same key.
	logEvery = time.Minute
)

// RejectLimiter bounds the cost of rejected messages: how many are parked and how often they are
// logged. It is shared by the consumers and safe for concurrent use.
type RejectLimiter struct {
	mu         sync.Mutex
	tokens     float64
	at         time.Time
	logged     map[string]time.Time
	suppressed map[string]int // since the last log message
}

// NewRejectLimiter returns a limiter that allows a full burst.
func NewRejectLimiter() *RejectLimiter {
	return &RejectLimiter{
		tokens: rejectBurst, logged: map[string]time.Time{}, suppressed: map[string]int{},
	}
}

// AllowPark reports whether one more rejected message may be parked now.
func (l *RejectLimiter) AllowPark(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens = min(rejectBurst, l.tokens+now.Sub(l.at).Seconds()*rejectRate)
	l.at = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}

// AllowLog reports whether a message with this key may be logged now, and how many were
// suppressed since the last one. Keys are made of constants: there is a bounded number of them.
func (l *RejectLimiter) AllowLog(now time.Time, key string) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, seen := l.logged[key]; seen && now.Sub(last) < logEvery {
		l.suppressed[key]++
		return 0, false
	}
	suppressed = l.suppressed[key]
	l.logged[key], l.suppressed[key] = now, 0
	return suppressed, true
}
