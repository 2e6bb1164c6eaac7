package otp_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/actors/otp"
)

// addTo adds to the counter of a name.
type addTo struct {
	name string
	add  add
}

func (addTo) isCountersMsg() {}

type countersMsg interface{ isCountersMsg() }

type counters struct {
	children *otp.DynamicSupervisor[string, counterMsg]
}

func (d *counters) Init(c *otp.Context[countersMsg]) error {
	d.children = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[string, counterMsg]{
		Name: func(name string) string { return "counter/" + name },
		New:  func(string) otp.Behaviour[counterMsg] { return &counter{} },
		// The limit is per child: more than three crashes in a second stop it for five.
		Intensity: 3, Period: time.Second, CoolDown: 5 * time.Second,
	})
	return nil
}

func (d *counters) Handle(c *otp.Context[countersMsg], m countersMsg) {
	if m, ok := m.(addTo); ok {
		if err := d.children.Deliver(c, m.name, m.add); err != nil {
			m.add.Fail(err)
		}
	}
}

func (*counters) Terminate(*otp.Context[countersMsg], otp.Reason) {}

// A process for each key, started on demand. A child that crashes too often is stopped alone.
func ExampleDynamicSupervisor() {
	sys := otp.NewSystem()
	ref := otp.NewRef[countersMsg](sys, "counters")
	app, err := otp.Start(context.Background(), sys, "example", otp.SupSpec{Children: []otp.ChildSpec{
		{ID: "counters", Start: otp.Worker(ref, func() otp.Behaviour[countersMsg] { return &counters{} })},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	count := func(name string, n int) (int, error) {
		return otp.Call(context.Background(), otp.External("example"), ref, func(f otp.From[int]) countersMsg { return addTo{name, add{f, n}} })
	}
	fmt.Println(count("ann", 1))
	fmt.Println(count("bob", 10))
	for !errors.Is(err, otp.ErrCooling) {
		_, err = count("bob", -1)
	}
	fmt.Println("bob:", err)
	fmt.Println(count("ann", 1))
	fmt.Println(app.Stop(context.Background()))
	// Output:
	// 1 <nil>
	// 10 <nil>
	// bob: counter/bob: stopped after too many crashes
	// 2 <nil>
	// <nil>
}
