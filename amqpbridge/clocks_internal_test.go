package amqpbridge

import (
	"strconv"
	"testing"
	"time"

	"registrar/actors/domain"
)

// One message from the future does not set its sender's clock forward; a second one that agrees
// does.
func TestClockSetForward(t *testing.T) {
	c := NewClocks(24 * time.Hour)
	read := func(event, arrival time.Duration) clockReading {
		stamp := domain.Stamp{Sender: 1, Event: event.Milliseconds(), Arrival: arrival.Milliseconds()}
		return c.read(stamp, false)
	}
	const day = 24 * time.Hour
	if r := read(day, day); r.Unusable {
		t.Fatalf("the first message is read as %+v", r)
	}
	if r := read(day+time.Hour, day+time.Second); !r.Unusable {
		t.Errorf("the first message an hour ahead is read as %+v", r)
	}
	if r := read(day+time.Hour+time.Second, day+2*time.Second); r.Unusable {
		t.Errorf("the second message an hour ahead is read as %+v", r)
	}
}

// Forged senders do not grow the table.
func TestClocksAreBounded(t *testing.T) {
	c := NewClocks(0)
	for i := range maxClocks + 500 {
		c.read(domain.Stamp{Sender: domain.SenderOf(strconv.Itoa(i)), Event: 1, Arrival: int64(i)}, false)
	}
	if len(c.senders) != maxClocks {
		t.Errorf("%d senders", len(c.senders))
	}
}
