package supervisor

import (
	"net/http"
	"path/filepath"
	"time"

	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// The tree of the registrar, as data. Each node says how many restarts it bears within which time; what stands lower depends on
// what stands higher.
//
//	registrar            one_for_one
//	├─ observe           one_for_one   admin server, control socket, crash reports: its death touches nothing else
//	└─ core              rest_for_one
//	   ├─ credentials    one_for_one   the credentials file: writer, readers
//	   ├─ realms         the realms' actor, and an actor a realm under it
//	   ├─ registrations  one_for_one   the registrations file: writer, readers
//	   ├─ users          one_for_one   64 shards, and an actor a user under them
//	   └─ bridge         one_for_one   publisher, connections, flows
func (r *components) tree(s *Server) otp.SupSpec {
	return otp.SupSpec{
		Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute,
		Children: []otp.ChildSpec{
			{ID: "observe", Start: otp.Supervisor(r.observe(s))},
			{ID: "core", Start: otp.Supervisor(r.core())},
		},
	}
}

func (r *components) core() otp.SupSpec {
	return otp.SupSpec{
		Strategy: otp.RestForOne, Intensity: 5, Period: time.Minute,
		Children: []otp.ChildSpec{
			{ID: "credentials", Start: otp.Supervisor(r.credentials.Children())},
			{ID: "realms", Start: otp.Worker(r.realms, r.newRealms)},
			{ID: "registrations", Start: otp.Supervisor(r.registrations.Children())},
			{ID: "users", Start: otp.Supervisor(otp.SupSpec{
				Strategy: otp.OneForOne, Intensity: 10, Period: 10 * time.Second, Children: r.users.Children(r.directory()),
			})},
			{ID: "bridge", Start: otp.Supervisor(otp.SupSpec{
				Strategy: otp.OneForOne, Intensity: 10, Period: 10 * time.Second, Children: r.bridge.Children(),
			})},
		},
	}
}

func (r *components) observe(s *Server) otp.SupSpec {
	spec := otp.SupSpec{Strategy: otp.OneForOne, Intensity: 10, Period: time.Minute}
	add := func(id string, l console.Listener, h http.Handler) {
		ref := otp.NewRef[console.ServerMessage](r.sys, "observe/"+id)
		spec.Children = append(spec.Children, otp.ChildSpec{
			ID: id, Start: otp.Worker(ref, func() otp.Behaviour[console.ServerMessage] { return console.NewServer(l, h) }),
		})
	}
	spec.Children = append(spec.Children, otp.ChildSpec{ID: "crashes", Start: otp.Worker(r.crashReports, r.newCrashReports)})
	add("control", console.Socket(filepath.Join(r.cfg.Data, ControlSocket)), console.Control(s, s, s, s))
	if r.cfg.Admin != "" {
		add("admin", console.TCP(r.cfg.Admin), console.Admin(source{s}))
	}
	return spec
}
