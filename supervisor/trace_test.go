package supervisor_test

import (
	"bytes"
	"strings"
	"testing"

	"registrar/supervisor/trace"
)

// One registration is one story, from its delivery to its acknowledgement, through each process that had a part in it.
func TestOneRegistrationIsOneStory(t *testing.T) {
	b := newLoopbed(t, nil)
	b.provision(realm, "100", nil)
	if got := b.report(kazoo4Report, regSuccess); got != "registered" {
		t.Fatal(got)
	}
	events := trace.Story(b.server.Recorder().Snapshot(trace.Filter{}), trace.Filter{User: "100", Realm: realm})
	var chart bytes.Buffer
	if err := trace.Text(&chart, events); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + chart.String())
	rest := chart.String()
	for _, step := range []string{"amqpbridge.delivered", "delivery", "directory.Deliver", "registration.Register"} {
		_, after, ok := strings.Cut(rest, step)
		if !ok {
			t.Errorf("no %q behind what came before it", step)
		}
		rest = after
	}
}
