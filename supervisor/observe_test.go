package supervisor_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"registrar/actors/otp"
	"registrar/supervisor"
	"registrar/supervisor/console"
)

// The servers that only show the registrar are killed without their cooperation, and then the
// supervisor over them: they are there again, at the same addresses, and nothing else has noticed.
func TestServersSurviveBeingCutOff(t *testing.T) {
	b := newTestbed(t)
	b.cfg.Admin = freeAddr(t)
	b.start()
	client := console.NewClient(filepath.Join(b.cfg.Data, supervisor.ControlSocket))
	there := func() bool {
		http.DefaultClient.CloseIdleConnections() // the old server would answer over one that is kept
		resp, err := http.Get("http://" + b.cfg.Admin + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		_, err = client.Tree(context.Background())
		return err == nil && resp.StatusCode == http.StatusOK
	}
	epoch := func(name string) (e otp.Epoch, up bool) {
		for _, n := range flat(b.server.Tree()) {
			if n.Name == name {
				e, up = n.Epoch, n.State == "up"
			}
		}
		return e, up
	}
	for _, name := range []string{"observe/admin", "observe/control", "registrar/observe", "registrar/observe"} {
		b.until("the servers are there", there)
		before, _ := epoch(name)
		if err := b.server.Abandon(name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// The servers of the old incarnation may still answer.
		b.until(name+" is up again", func() bool { now, up := epoch(name); return up && now != before })
	}
	b.until("the servers are there again", there)
	http.DefaultClient.CloseIdleConnections()
	if _, err := os.Stat(filepath.Join(b.cfg.Data, "crashes.db.damaged")); err == nil {
		t.Error("the crash reports were moved aside as if they were damaged")
	}
	if err := b.server.Err(); err != nil {
		t.Errorf("the tree gave up: %v", err)
	}
}
