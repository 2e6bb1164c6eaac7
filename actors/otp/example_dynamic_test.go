package otp_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/actors/otp"
)

// addTo adds to the counter of a name.
type visit struct {
	guest string
	add   add
}

func (visit) isDoorMsg() {}

type doorMsg interface{ isDoorMsg() }

type door struct {
	guests *otp.DynamicSupervisor[string, counterMsg]
}

func (d *door) Init(c *otp.Context[doorMsg]) error {
	d.guests = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[string, counterMsg]{
		Name: func(guest string) string { return "guest/" + guest },
		New:  func(string) otp.Behaviour[counterMsg] { return &counter{} },
		// The limit is per child: more than three crashes in a second stop it for five.
		Intensity: 3, Period: time.Second, CoolDown: 5 * time.Second,
	})
	return nil
}

func (d *door) Handle(c *otp.Context[doorMsg], m doorMsg) {
	if m, ok := m.(visit); ok {
		if err := d.guests.Deliver(c, m.guest, m.add); err != nil {
			m.add.Fail(err)
		}
	}
}

func (*door) Terminate(*otp.Context[doorMsg], otp.Reason) {}

// A process for each key, started on demand. A child that crashes too often is stopped alone.
func ExampleDynamicSupervisor() {
	sys := otp.NewSystem()
	ref := otp.NewRef[doorMsg](sys, "door")
	app, err := otp.Start(context.Background(), sys, "hotel", otp.SupSpec{Children: []otp.ChildSpec{
		{ID: "door", Start: otp.Worker(ref, func() otp.Behaviour[doorMsg] { return &door{} })},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	count := func(guest string, n int) (int, error) {
		return otp.Call(context.Background(), otp.External("example"), ref, func(f otp.From[int]) doorMsg { return visit{guest, add{f, n}} })
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
	// bob: guest/bob: stopped after too many crashes
	// 2 <nil>
	// <nil>
}
