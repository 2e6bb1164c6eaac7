package supervisor

import (
	"net/http"
	"path/filepath"
	"time"

	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// tree returns the supervision tree as data. Each supervisor has an intensity of restarts and a
// period. A child depends on its older siblings.
//
//	registrar            one_for_one
//	├─ observe           one_for_one   admin server, control socket, crash reports: its death touches nothing else
//	└─ core              rest_for_one
//	   ├─ credentials    one_for_one   credentials file: writer, readers
//	   ├─ realms         dynamic supervisor of one actor for each realm
//	   ├─ registrations  one_for_one   registrations file: writer, readers
//	   ├─ users          one_for_one   64 shards, each the dynamic supervisor of its users' actors
//	   └─ bridge         one_for_one   connections, publisher, consumers
func (c *components) tree(s *Server) otp.SupSpec {
	return otp.SupSpec{
		Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute,
		Children: []otp.ChildSpec{
			{ID: "observe", Start: otp.Supervisor(c.observe(s))},
			{ID: "core", Start: otp.Supervisor(c.core())},
		},
	}
}

func (c *components) core() otp.SupSpec {
	return otp.SupSpec{
		Strategy: otp.RestForOne, Intensity: 5, Period: time.Minute,
		Children: []otp.ChildSpec{
			{ID: "credentials", Start: otp.Supervisor(c.credentials.Children())},
			{ID: "realms", Start: otp.Worker(c.realms, c.newRealms)},
			{ID: "registrations", Start: otp.Supervisor(c.registrations.Children())},
			{ID: "users", Start: otp.Supervisor(otp.SupSpec{
				Strategy: otp.OneForOne, Intensity: 10, Period: 10 * time.Second, Children: c.users.Children(c.directory()),
			})},
			{ID: "bridge", Start: otp.Supervisor(otp.SupSpec{
				Strategy: otp.OneForOne, Intensity: 10, Period: 10 * time.Second, Children: c.bridge.Children(),
			})},
		},
	}
}

func (c *components) observe(s *Server) otp.SupSpec {
	spec := otp.SupSpec{Strategy: otp.OneForOne, Intensity: 10, Period: time.Minute}
	add := func(id string, l console.Listener, h http.Handler) {
		ref := otp.NewRef[console.ServerMessage](c.sys, "observe/"+id)
		spec.Children = append(spec.Children, otp.ChildSpec{
			ID: id, Start: otp.Worker(ref, func() otp.Behaviour[console.ServerMessage] { return console.NewServer(l, h) }),
		})
	}
	spec.Children = append(spec.Children, otp.ChildSpec{ID: "crashes", Start: otp.Worker(c.crashReports, c.newCrashReports)})
	add("control", console.Socket(filepath.Join(c.cfg.Data, ControlSocket)), console.Control(s, s, s, s))
	if c.cfg.Admin != "" {
		add("admin", console.TCP(c.cfg.Admin), console.Admin(metrics{s}))
	}
	return spec
}
