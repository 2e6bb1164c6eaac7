package amqpbridge

// acks tracks which deliveries of one consumer are settled and turns that into as few acknowledgements as possible: one
// with multiple for everything up to the first delivery that is still in hand, single ones only for what waits
// behind a slow one. Delivery tags count up from the first one without gaps (one consumer to a channel). It is a value
// without a goroutine of its own: its flow owns it.
type acks struct {
	first uint64 // tag of window[0]
	state []tagState
	// behind is how many settled deliveries may wait behind a slow one before they are acknowledged singly.
	behind  int
	settled int // settled and not yet acknowledged
}

type tagState uint8

const (
	inHand tagState = iota
	isSettled
	isAcked
)

// ack is one acknowledgement to send.
type ack struct {
	tag      uint64
	multiple bool
}

// add takes note of a delivery.
func (a *acks) add(tag uint64) {
	if len(a.state) == 0 {
		a.first = tag
	}
	a.state = append(a.state, inHand)
}

// settle takes note that a delivery is done with. A tag that is not in hand is ignored.
func (a *acks) settle(tag uint64) {
	if tag < a.first || tag >= a.first+uint64(len(a.state)) || a.state[tag-a.first] != inHand {
		return
	}
	a.state[tag-a.first] = isSettled
	a.settled++
}

// take returns the acknowledgements that are due and forgets what they cover.
func (a *acks) take() []ack {
	var due []ack
	done := 0
	last := -1 // the last that the broker does not know to be settled: it takes offence at any other
	for done < len(a.state) && a.state[done] != inHand {
		if a.state[done] == isSettled {
			a.settled--
			last = done
		}
		done++
	}
	if last >= 0 {
		due = append(due, ack{tag: a.first + uint64(last), multiple: true})
	}
	a.first += uint64(done)
	a.state = append(a.state[:0], a.state[done:]...)
	if a.settled <= a.behind {
		return due
	}
	for i, s := range a.state {
		if s == isSettled {
			due = append(due, ack{tag: a.first + uint64(i)})
			a.state[i] = isAcked
		}
	}
	a.settled = 0
	return due
}
