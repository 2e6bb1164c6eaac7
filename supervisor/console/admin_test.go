package console_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"registrar/supervisor/console"
)

// figures is a source that has restarted three times.
type figures struct{}

func (figures) Ready() (bool, []string)    { return true, nil }
func (figures) Samples() []console.Sample  { return nil }
func (figures) Parts() []console.Component { return nil }
func (figures) Commits() map[string]uint64 { return nil }
func (figures) Processes() (int, uint64)   { return 7, 3 }

// Restarts never become fewer, and the metric says so: of processes that are gone they count, too.
func TestRestartsAreACounter(t *testing.T) {
	w := httptest.NewRecorder()
	console.Admin(figures{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	want := "# HELP registrar_restarts Restarts of all processes since the start of the registrar.\n# TYPE registrar_restarts counter\nregistrar_restarts 3\n"
	if got := w.Body.String(); !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}
