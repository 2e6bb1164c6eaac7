package amqpbridge

import (
	"testing"
	"time"

	"registrar/actors/domain"
)

// One message from the future does not set its sender's clock forward; a second one that agrees does.
func TestClockSetForward(t *testing.T) {
	c := NewClocks(24 * time.Hour)
	read := func(event, arrival time.Duration) Reading {
		stamp := domain.Stamp{Sender: 1, Event: event.Milliseconds(), Arrival: arrival.Milliseconds()}
		return c.Read(stamp, false)
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
