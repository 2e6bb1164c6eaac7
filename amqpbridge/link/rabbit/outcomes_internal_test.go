package rabbit

import (
	"errors"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// taken is an acknowledged confirm.
type taken struct{}

func (taken) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func (taken) Acked() bool { return true }

// A return that arrived before its confirm counts, in either order of reading. Returns of other
// messages do not.
func TestAReturnCountsBeforeItsConfirm(t *testing.T) {
	for range 200 {
		returns := make(chan amqp.Return, 2)
		returns <- amqp.Return{MessageId: "7", ReplyText: "NO_ROUTE"}
		returns <- amqp.Return{MessageId: "9", ReplyText: "NO_ROUTE"}
		p := &publisher{s: &session{done: make(chan struct{})}, window: make(chan struct{}, 3)}
		of := &returnBuffer{ch: returns, why: map[string]string{}}
		for id, want := range map[string]error{"7": link.ErrReturned, "8": nil, "": nil} {
			p.window <- struct{}{}
			told := 0
			p.report(outcome{confirm: taken{}, id: id, done: func(err error) {
				told++
				if !errors.Is(err, want) || (want == nil) != (err == nil) {
					t.Fatalf("outcome of %q: %v, want %v", id, err, want)
				}
			}}, of)
			if told != 1 || len(p.window) != 0 {
				t.Fatalf("told %d times, %d places taken", told, len(p.window))
			}
		}
		if len(of.why) != 1 {
			t.Fatalf("%d returns are kept, want the one that is still open", len(of.why))
		}
	}
}
