package amqpbridge_test

import (
	"sync/atomic"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// store is an empty store. A write for user "poison" crashes the registration actor, as do the
// first three writes for user "shaky".
type store struct{ shaky atomic.Int32 }

func (s *store) Write(_ otp.Origin, rec domain.Record, _ uint64, done func(error)) {
	if rec.Key.User == "poison" || rec.Key.User == "shaky" && s.shaky.Add(1) <= 3 {
		panic("crash of the registration actor")
	}
	go done(nil)
}

func (*store) Fence(_ otp.Origin, k domain.Key, _ uint64, done func(domain.Record, error)) {
	go done(domain.Record{Key: k}, nil)
}

func (*store) Release(otp.Origin, domain.Key, uint64) {}

func (*store) Prime(_ otp.Origin, _, _ int, _ uint64, done func([]domain.Header, error)) {
	go done(nil, nil)
}

func (*store) Due(
	_ otp.Origin, _ domain.Key, _ int, _ func(domain.Header) bool,
	done func([]domain.Key, domain.Key, error),
) {
	go done(nil, domain.Key{}, nil)
}

func (*store) Prune(
	_ otp.Origin, _ []domain.Key, _ func(domain.Record) (domain.Record, bool),
	done func([]domain.Header, []domain.Key, error),
) {
	go done(nil, nil, nil)
}

func (*store) Get(_ otp.Origin, k domain.Key, done func(domain.Record, bool, error)) {
	go done(domain.Record{Key: k}, false, nil)
}

func (*store) Lookup(_ otp.Origin, _ domain.Key, done func(domain.Credential, bool, error)) {
	go done(domain.Credential{}, false, nil)
}

func (*store) Realms(_ otp.Origin, done func(map[domain.Realm]int, error)) { go done(nil, nil) }
