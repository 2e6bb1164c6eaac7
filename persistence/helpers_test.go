package persistence_test

import (
	"cmp"
	"context"
	"os"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/persistence"
)

func TestMain(m *testing.M) {
	if dir, ok := os.LookupEnv(crashChild); ok {
		os.Exit(runCrashChild(dir))
	}
	if dir, ok := os.LookupEnv(lockChild); ok {
		os.Exit(runLockChild(dir))
	}
	if dir, ok := os.LookupEnv(upgradeChild); ok {
		os.Exit(runUpgradeChild(dir))
	}
	otptest.Main(m)
}

// store is a registrations store with running processes.
type store struct {
	*persistence.Registrations
	t   testing.TB
	app *otp.App
	sys *otp.System
}

func openStore(t testing.TB, o persistence.Options, with ...otp.Option) *store {
	t.Helper()
	sys := otp.NewSystem(with...)
	defaults := persistence.DefaultOptions(o.Dir)
	o.MaxQueued, o.MaxBatch = cmp.Or(o.MaxQueued, defaults.MaxQueued), cmp.Or(o.MaxBatch, defaults.MaxBatch)
	s := &store{t: t, sys: sys, Registrations: persistence.NewRegistrations(sys, o)}
	app, err := otp.Start(t.Context(), sys, "store", s.Children())
	if err != nil {
		t.Fatal(err)
	}
	s.app = app
	t.Cleanup(s.close)
	return s
}

func (s *store) close() {
	ctx, cancel := context.WithTimeout(context.Background(), otptest.Timeout)
	defer cancel()
	if err := s.app.Stop(ctx); err != nil {
		s.t.Error(err)
	}
}

type result[T any] struct {
	v   T
	err error
}

func (s *store) fence(k domain.Key, epoch uint64) (domain.Record, error) {
	got := make(chan result[domain.Record], 1)
	s.Fence(otp.External("test"), k, epoch, func(r domain.Record, err error) { got <- result[domain.Record]{r, err} })
	r := <-got
	return r.v, r.err
}

func (s *store) write(rec domain.Record, epoch uint64) error {
	got := make(chan error, 1)
	s.Write(otp.External("test"), rec, epoch, func(err error) { got <- err })
	return <-got
}

func (s *store) prime(shard, shards int, epoch uint64) []domain.Header {
	s.t.Helper()
	got := make(chan result[[]domain.Header], 1)
	s.Prime(otp.External("test"), shard, shards, epoch, func(h []domain.Header, err error) { got <- result[[]domain.Header]{h, err} })
	r := <-got
	if r.err != nil {
		s.t.Fatal(r.err)
	}
	return r.v
}

func key(user string) domain.Key { return domain.Key{Realm: "acme.test", User: domain.User(user)} }

func record(user, contact string) domain.Record {
	at := time.UnixMilli(1_795_392_520_123).UTC()
	stamp := domain.Stamp{Sender: 7, Event: at.UnixMilli(), Arrival: at.UnixMilli() + 3}
	return domain.Record{
		Key: key(user),
		Bindings: []domain.Binding{{
			ID: domain.CacheID("id-" + contact), Contact: contact, Deadline: at.Add(time.Hour), Stamp: stamp,
			Digest: domain.DigestOf([]byte(contact)), Doc: domain.Document(`{"Contact":"` + contact + `"}`),
		}},
		Tombstones: []domain.Tombstone{{
			ID: "gone", Stamp: domain.Stamp{Sender: 8, Event: 1, Arrival: 2}, Digest: domain.Digest{1}, RemovedDigest: domain.Digest{2}, Until: at.Add(24 * time.Hour),
		}},
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
