package otp_test

import (
	"context"
	"fmt"
	"time"

	"registrar/actors/otp"
)

// counterMsg is the message type of the counter.
type counterMsg interface{ isCounterMsg() }

type add struct {
	otp.From[int]
	n int
}

func (add) isCounterMsg() {}

type counter struct{ sum int }

func (*counter) Init(*otp.Context[counterMsg]) error { return nil }

func (k *counter) Handle(_ *otp.Context[counterMsg], m counterMsg) {
	if m, ok := m.(add); ok {
		if m.n < 0 {
			panic("only upwards")
		}
		k.sum += m.n
		m.Reply(k.sum)
	}
}

func (*counter) Terminate(*otp.Context[counterMsg], otp.Reason) {}

// A supervised counter: a bad message crashes it, the caller gets the error at once, and the next
// incarnation starts from zero.
func Example() {
	sys := otp.NewSystem()
	ref := otp.NewRef[counterMsg](sys, "counter")
	app, err := otp.Start(context.Background(), sys, "example", otp.SupSpec{
		Strategy: otp.OneForOne, Intensity: 3, Period: time.Second,
		Children: []otp.ChildSpec{{
			ID:    "counter",
			Start: otp.Worker(ref, func() otp.Behaviour[counterMsg] { return &counter{} }),
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range []int{1, 2, -1, 4} {
		sum, err := otp.Call(context.Background(), otp.External("example"), ref, func(f otp.From[int]) counterMsg { return add{f, n} })
		fmt.Println(sum, err)
	}
	fmt.Println(app.Stop(context.Background()))
	// Output:
	// 1 <nil>
	// 3 <nil>
	// 0 counter: crash while handling otp_test.add: only upwards
	// 4 <nil>
	// <nil>
}
