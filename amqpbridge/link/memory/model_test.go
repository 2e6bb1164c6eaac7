package memory_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

// For any sequence of acknowledgements, returns and cuts: every message is acknowledged once or
// still queued, no consumer exceeds its prefetch, the queue stays in order, and the same calls
// give the same deliveries.
func TestNothingIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var steps []int
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			steps = append(steps, rapid.IntRange(0, 999).Draw(rt, "step"))
		}
		first := play(t, rt, steps)
		if second := play(t, rt, steps); !slices.Equal(first, second) {
			rt.Fatalf("the same calls gave\n%q\nand\n%q", first, second)
		}
	})
}

type player struct {
	s    link.Session
	c    link.Consumer
	open []link.Delivery
}

func play(t *testing.T, rt *rapid.T, steps []int) []string {
	t.Helper()
	const prefetch = 3
	b := memory.New()
	pub := dial(t, b, "publisher")
	pub.declare(link.Queue{Name: "q"})
	var trace []string
	acked := map[string]int{}
	sent := 0
	players := make([]*player, 2)
	for i, step := range steps {
		n := step / 10 % 2
		p := players[n]
		if p == nil {
			p = &player{}
			players[n] = p
			p.join(t, b, func(d link.Delivery) { trace = append(trace, fmt.Sprint(i, n, string(d.Body), d.Redelivered)) }, prefetch)
		}
		switch {
		case step%10 < 4:
			pub.put("q", strconv.Itoa(sent))
			sent++
		case step%10 == 9:
			_ = p.s.Close(t.Context())
			players[n] = nil
		case len(p.open) > 0:
			p.settle(step, acked)
		}
		if p.s.Err() == nil && len(p.open) > prefetch {
			rt.Fatalf("%d deliveries are unacknowledged", len(p.open))
		}
	}
	b.Cut("player")
	pub.consume("q", 1+sent)
	last := -1
	for _, d := range pub.got {
		at, _ := strconv.Atoi(string(d.Body))
		if at <= last {
			rt.Fatalf("%d comes after %d", at, last)
		}
		last = at
		acked[string(d.Body)]++
	}
	for at := range sent {
		if acked[strconv.Itoa(at)] != 1 {
			rt.Fatalf("message %d was acknowledged or left %d times", at, acked[strconv.Itoa(at)])
		}
	}
	return trace
}

func (p *player) join(t *testing.T, b *memory.Broker, saw func(link.Delivery), prefetch int) {
	t.Helper()
	s, err := b.Dial(t.Context(), "player")
	if err != nil {
		t.Fatal(err)
	}
	p.s = s
	p.c, err = s.Consume(t.Context(), link.ConsumerSpec{Queue: "q", Prefetch: prefetch}, func(d link.Delivery) {
		saw(d)
		p.open = append(p.open, d)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// settle acknowledges one or several deliveries, or requeues one.
func (p *player) settle(step int, acked map[string]int) {
	at := step / 20 % len(p.open)
	d := p.open[at]
	switch step % 10 {
	case 4, 5:
		p.open = slices.Delete(p.open, at, at+1)
		acked[string(d.Body)]++
		_ = p.c.Ack(d.Tag, false)
	case 6, 7:
		for _, each := range p.open[:at+1] {
			acked[string(each.Body)]++
		}
		p.open = slices.Delete(p.open, 0, at+1)
		_ = p.c.Ack(d.Tag, true)
	default:
		p.open = slices.Delete(p.open, at, at+1)
		_ = p.c.Nack(d.Tag, true)
	}
}
