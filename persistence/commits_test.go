package persistence_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/trace"
	"registrar/persistence"
)

// Each commit of either file is recorded with its size and without its contents.
func TestCommitsAreRecorded(t *testing.T) {
	o := persistence.DefaultOptions(t.TempDir())
	credential := func(user string) persistence.CredentialChange {
		return persistence.CredentialChange{Credential: domain.Credential{Key: key(user), Method: domain.Password, Secret: domain.NewSecret("hush")}}
	}
	gone := persistence.CredentialChange{Delete: true, Credential: domain.Credential{Key: key("nobody")}}
	committed(t, o, []string{"2 records", "1 record", "0 records"}, func(s *files) {
		s.apply(credential("100"), credential("101"))
		s.apply(credential("102"))
		s.apply(gone)
	})
	keys, err := persistence.ReadKeyring(bytes.NewReader([]byte("1 " + base64.StdEncoding.EncodeToString(make([]byte, persistence.KeySize)))))
	must(t, err)
	o.Keys = keys
	committed(t, o, []string{"3 records", "1 record"}, func(s *files) {
		for range 2 { // nothing to commit the second time
			got := make(chan error, 1)
			s.credentials.Reseal(otp.External("test"), func(_ int, err error) { got <- err })
			must(t, <-got)
		}
		regs := &store{t: t, Registrations: s.registrations}
		_, err := regs.fence(key("100"), 1)
		must(t, err)
		must(t, regs.write(record("100", "sip:100@192.0.2.1"), 1))
	})
}

// files are both files, open.
type files struct {
	t             *testing.T
	credentials   *persistence.Credentials
	registrations *persistence.Registrations
}

func (s *files) apply(changes ...persistence.CredentialChange) {
	s.t.Helper()
	got := make(chan error, 1)
	s.credentials.Apply(otp.External("test"), changes, func(_ []domain.Key, err error) { got <- err })
	must(s.t, <-got)
}

// committed uses both files and compares the recorded commits with want, and their number with
// the counter.
func committed(t *testing.T, o persistence.Options, want []string, use func(*files)) {
	t.Helper()
	rec := trace.New(1<<12, time.Now(), 0)
	sys := otp.NewSystem(otp.WithRecorder(rec))
	s := &files{t: t, credentials: persistence.NewCredentials(sys, o), registrations: persistence.NewRegistrations(sys, o)}
	app, err := otp.Start(t.Context(), sys, "store", otp.SupSpec{Children: []otp.ChildSpec{
		{ID: "credentials", Start: otp.Supervisor(s.credentials.Children())}, {ID: "registrations", Start: otp.Supervisor(s.registrations.Children())},
	}})
	must(t, err)
	use(s)
	must(t, app.Stop(t.Context()))
	var got []string
	for _, e := range rec.Snapshot(trace.Filter{Kinds: []trace.Kind{trace.Commit}}) {
		if got = append(got, e.Text); e.Cause == 0 {
			t.Errorf("a commit of %s without a cause", e.Text)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := s.credentials.Commits() + s.registrations.Commits(); n != uint64(len(got)) {
		t.Errorf("%d commits are recorded, %d are counted", len(got), n)
	}
}
