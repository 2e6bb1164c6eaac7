package console_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"registrar/actors/domain"
	"registrar/supervisor/console"
)

// emptyStore is a store without registrations.
type emptyStore struct{ console.Store }

func (emptyStore) Registrations(context.Context, domain.Realm, domain.Key, int) ([]domain.Record, error) {
	return nil, nil
}

// The path of a data directory can be longer than the address of a Unix socket. Only the owner
// can use the socket; its file is removed with the server.
func TestSocketWithLongPath(t *testing.T) {
	for _, depth := range []int{1, 40, 400} {
		dir := filepath.Join(t.TempDir(), strings.Repeat("d/", depth))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "control.sock")
		l, err := console.Socket(path)()
		if err != nil {
			t.Fatalf("depth %d: %v", depth, err)
		}
		s := &http.Server{Handler: console.Control(emptyStore{}, struct{ console.ProcessControl }{}, struct{ console.Tracing }{}, struct{ console.FaultControl }{})}
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		if _, err := console.NewClient(path).Registrations(t.Context(), "", domain.Key{}, 1); err != nil {
			t.Errorf("depth %d: %v", depth, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("depth %d: %v, %v", depth, info, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-done
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("depth %d: the socket file still exists: %v", depth, err)
		}
	}
}
