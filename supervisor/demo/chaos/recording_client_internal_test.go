package chaos

import (
	"context"
	"errors"
	"testing"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// silentClient never answers requests, and its broker confirms every third report.
type silentClient struct {
	client.Client
	reports []client.Registration
}

func (*silentClient) Authn(context.Context, string, string) (wire.Message, error) {
	return nil, context.DeadlineExceeded
}

func (d *silentClient) Report(_ context.Context, r client.Registration) error {
	if d.reports = append(d.reports, r); len(d.reports)%3 != 0 {
		return link.ErrReturned
	}
	return nil
}

// A request without a reply is explained only by a fault of a shared process meanwhile.
func TestUnanswered(t *testing.T) {
	b := newHealTracker()
	w := newRecordingClient(&silentClient{}, NewLedger(), b.quiet)
	ask := func() {
		t.Helper()
		if _, err := w.Authn(t.Context(), "one.test", "100"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	ask()
	_, end := b.begin(true)
	ask()
	end()
	began := time.Now()
	for time.Now().Equal(began) {
		continue // the clock advances in steps
	}
	ask()
	if w.authns.Asked != 3 || w.authns.GivenUp != 3 || w.authns.Unexplained != 2 {
		t.Errorf("%+v", w.authns)
	}
	if err := (&Report{Authns: w.authns}).Err(); err == nil {
		t.Error("that is a good report")
	}
}

// A report is repeated, as the same message, until it is confirmed; the next one is of a later
// second.
func TestReportsAreRepeated(t *testing.T) {
	d := &silentClient{}
	w := newRecordingClient(d, NewLedger(), newHealTracker().quiet)
	for range 2 {
		if err := w.Report(t.Context(), client.Registration{Realm: "one.test", User: "100", Contact: "sip:100@192.0.2.1", Expires: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.reports) != 6 || d.reports[0] != d.reports[2] || d.reports[3] != d.reports[5] || d.reports[0].ID == d.reports[3].ID {
		t.Fatalf("%+v", d.reports)
	}
	if d.reports[0].At.Unix() >= d.reports[3].At.Unix() {
		t.Errorf("in the same second: %v and %v", d.reports[0].At, d.reports[3].At)
	}
	if w.published != 2 || w.repeated != 4 {
		t.Errorf("%d published, %d again", w.published, w.repeated)
	}
}

// The time to recover ends with the first of ten successes in a row.
func TestRow(t *testing.T) {
	at := func(answered ...int) (all []time.Time) {
		for _, ms := range answered {
			if ms == 0 {
				all = append(all, time.Time{})
				continue
			}
			all = append(all, time.UnixMilli(int64(ms)))
		}
		return all
	}
	for _, c := range []struct {
		answered []int
		first    int
	}{
		{[]int{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0},
		{[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 1},
		{[]int{1, 2, 0, 30, 20, 21, 22, 23, 24, 25, 26, 27, 28}, 20},
		{[]int{1, 2, 0, 30, 20, 21, 22, 23, 0, 25, 26, 27, 28}, 0},
	} {
		want := time.UnixMilli(int64(c.first))
		if c.first == 0 {
			want = time.Time{}
		}
		if got := row(at(c.answered...)); !got.Equal(want) {
			t.Errorf("%v: %v, want %v", c.answered, got, want)
		}
	}
}

// A tree is as declared when each of its processes exists and is up.
func TestTreeAsDeclared(t *testing.T) {
	tree := func(state string, children ...string) otp.Node {
		n := otp.Node{Name: "top", Kind: "supervisor", State: "up"}
		for _, c := range children {
			n.Children = append(n.Children, otp.Node{Name: c, Kind: "worker", State: state})
		}
		return n
	}
	want := tree("up", "a", "b")
	for _, bad := range []otp.Node{tree("up", "a"), tree("crashed", "a", "b"), tree("up", "b", "a"), tree("up", "a", "b", "c"), {}} {
		if differs(want, bad) == "" {
			t.Errorf("%v is as declared", bad)
		}
	}
	if why := differs(want, want); why != "" {
		t.Error(why)
	}
}
