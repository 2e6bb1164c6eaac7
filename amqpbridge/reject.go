package amqpbridge

import (
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// ParkRate and parkBurst bound the malformed messages that are put aside, a second and at once; what exceeds them is only counted, so
	// that a flood of rubbish costs little and takes no room from anything else.
	parkRate  = 50
	parkBurst = 200
	// Quiet is how long the same reason is logged only once.
	quiet = time.Minute
)

// garbage bounds what messages that cannot be used may cost: how often they are logged and how many are put aside. It is shared by the
// flows and safe for use by many goroutines.
type rejectLimiter struct {
	mu     sync.Mutex
	tokens float64
	at     time.Time
	said   map[string]time.Time // flow and reason: a bounded number
	missed map[string]int       // not logged since
}

func newRejectLimiter() *rejectLimiter {
	return &rejectLimiter{tokens: parkBurst, said: map[string]time.Time{}, missed: map[string]int{}}
}

// admit logs a refused delivery unless that was done for the same reason within the last minute, and reports whether it may be put aside.
// Neither the message nor a value out of it is logged: it may be a password.
func (g *rejectLimiter) admit(log *zerolog.Logger, now time.Time, flow, name string, o outcome) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens = min(parkBurst, g.tokens+now.Sub(g.at).Seconds()*parkRate)
	g.at = now
	parked := g.tokens >= 1
	if parked {
		g.tokens--
	}
	g.say(log, now, flow+"/"+name, func(e *zerolog.Event) {
		e.Str("flow", flow).Str("reason", name).Err(o.err).Str("exchange", o.j.d.Exchange).Bool("put_aside", parked).
			Msg("a message cannot be used")
	})
	return parked
}

// once logs something that may happen often, at most once a minute for each key, and how often it was left out.
func (g *rejectLimiter) once(log *zerolog.Logger, now time.Time, key string, say func(*zerolog.Event)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.say(log, now, key, say)
}

func (g *rejectLimiter) say(log *zerolog.Logger, now time.Time, key string, say func(*zerolog.Event)) {
	if last, ok := g.said[key]; ok && now.Sub(last) < quiet {
		g.missed[key]++
		return
	}
	e := log.Warn()
	if n := g.missed[key]; n > 0 {
		e = e.Int("not_logged", n)
	}
	g.said[key], g.missed[key] = now, 0
	say(e)
}
