package directory

import (
	"strconv"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Shards is the number of shards. With 64 two cores rarely contend for one, and an operator can
// still list them.
const Shards = 64

// Users is the address table of all shards. It is immutable and safe for concurrent use.
type Users struct {
	refs    [Shards]*otp.Ref[Message]
	sweeper *otp.Ref[sweeperMessage]
}

// NewUsers creates the addresses of the shards, named users/00 to users/63.
func NewUsers(s *otp.System) *Users {
	u := &Users{sweeper: otp.NewRef[sweeperMessage](s, "users/sweeper")}
	for i := range u.refs {
		name := strconv.Itoa(i)
		if i < 10 {
			name = "0" + name
		}
		u.refs[i] = otp.NewRef[Message](s, "users/"+name)
	}
	return u
}

// For returns the shard of a user.
func (u *Users) For(k domain.Key) *otp.Ref[Message] { return u.refs[domain.ShardOf(k, Shards)] }

// All returns the addresses of all shards.
func (u *Users) All() []*otp.Ref[Message] { return u.refs[:] }

// Children returns the child specifications of the shards, in order, and of the sweeper.
func (u *Users) Children(env Env) []otp.ChildSpec {
	count := newUnprovisioned(env.Unprovisioned)
	specs := make([]otp.ChildSpec, 0, Shards)
	for i, ref := range u.refs {
		specs = append(specs, otp.ChildSpec{
			ID:    ref.Name(),
			Start: otp.Worker(ref, func() otp.Behaviour[Message] { return &shard{env: env, number: i, unprovisioned: count} }),
		})
	}
	return append(specs, otp.ChildSpec{
		ID: u.sweeper.Name(), Start: otp.Worker(u.sweeper, func() otp.Behaviour[sweeperMessage] { return &sweeper{env: env, users: u} }),
	})
}
