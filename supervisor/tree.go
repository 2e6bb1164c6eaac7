package supervisor

import (
	"time"

	"registrar/supervisor/otp"
)

// The tree of the registrar, as data. Each node says how many restarts it bears within which time; what stands lower depends on
// what stands higher.
//
//	registrar            one_for_one
//	├─ observe           one_for_one   admin server, control socket: its death touches nothing else
//	└─ core              rest_for_one
//	   ├─ credentials    one_for_all   the credentials file: writer, readers
//	   ├─ realms         the realms' actor, and an actor a realm under it
//	   ├─ registrations  one_for_all   the registrations file: writer, readers
//	   ├─ users          one_for_one   64 shards, and an actor a user under them
//	   └─ bridge         one_for_one   publisher, connections, flows
func (r *rooms) tree(s *Server) otp.SupSpec {
	return otp.SupSpec{
		Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute,
		Children: []otp.ChildSpec{
			{ID: "core", Start: otp.Supervisor(r.core())},
			{ID: "observe", Start: otp.Supervisor(r.observe(s))},
		},
	}
}

func (r *rooms) core() otp.SupSpec {
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

func (r *rooms) observe(s *Server) otp.SupSpec {
	spec := otp.SupSpec{Strategy: otp.OneForOne, Intensity: 10, Period: time.Minute}
	return spec
}
