package delivery

// AckTracker tracks which deliveries of one channel are settled and combines their
// acknowledgements: one with multiple covers everything before the first open delivery, single
// ones cover settled deliveries behind it. Delivery tags count up without gaps, because a
// channel has one consumer. It belongs to one goroutine.
type AckTracker struct {
	first     uint64 // tag of state[0]
	state     []tagState
	maxBehind int
	settled   int // settled and not yet acknowledged
}

type tagState uint8

const (
	tagOpen tagState = iota
	tagSettled
	tagAcked
)

// Ack is one acknowledgement to send.
type Ack struct {
	Tag      uint64
	Multiple bool
}

// NewAckTracker returns a tracker that lets at most maxBehind settled deliveries wait behind an
// open one before it acknowledges them singly.
func NewAckTracker(maxBehind int) *AckTracker { return &AckTracker{maxBehind: maxBehind} }

// Add notes a delivery. Its tag follows the previous one.
func (a *AckTracker) Add(tag uint64) {
	if len(a.state) == 0 {
		a.first = tag
	}
	a.state = append(a.state, tagOpen)
}

// Settle notes that the work on a delivery has ended. A tag that is not open is ignored.
func (a *AckTracker) Settle(tag uint64) {
	if tag < a.first || tag >= a.first+uint64(len(a.state)) || a.state[tag-a.first] != tagOpen {
		return
	}
	a.state[tag-a.first] = tagSettled
	a.settled++
}

// Settled returns how many settled deliveries are not acknowledged yet.
func (a *AckTracker) Settled() int { return a.settled }

// Take returns the acknowledgements that are due and forgets the deliveries that they cover.
func (a *AckTracker) Take() []Ack { return a.take(a.maxBehind) }

// TakeAll returns acknowledgements for every settled delivery.
func (a *AckTracker) TakeAll() []Ack { return a.take(0) }

func (a *AckTracker) take(maxBehind int) []Ack {
	var due []Ack
	done := 0
	last := -1 // a tag still open at the broker, which closes the channel on any other
	for done < len(a.state) && a.state[done] != tagOpen {
		if a.state[done] == tagSettled {
			a.settled--
			last = done
		}
		done++
	}
	if last >= 0 {
		due = append(due, Ack{Tag: a.first + uint64(last), Multiple: true})
	}
	a.first += uint64(done)
	a.state = append(a.state[:0], a.state[done:]...)
	if a.settled <= maxBehind {
		return due
	}
	for i, s := range a.state {
		if s == tagSettled {
			due = append(due, Ack{Tag: a.first + uint64(i)})
			a.state[i] = tagAcked
		}
	}
	a.settled = 0
	return due
}
