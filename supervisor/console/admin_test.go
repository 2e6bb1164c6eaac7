package console_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"registrar/actors/domain"
	"registrar/supervisor/console"
)

// figures is a source with fixed values.
type figures struct{}

func (figures) Ready() (bool, []string)              { return true, nil }
func (figures) Samples() []console.Sample            { return nil }
func (figures) Retries() []console.Sample            { return nil }
func (figures) RejectedTimestamps() []console.Sample { return nil }
func (figures) Components() []domain.Component       { return nil }
func (figures) Commits() map[string]uint64           { return nil }
func (figures) Processes() (int, uint64)             { return 7, 3 }

// Restarts are a counter: the restarts of processes that have ended stay counted.
func TestMetricsRestarts(t *testing.T) {
	w := httptest.NewRecorder()
	console.Admin(figures{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	want := "# HELP registrar_process_restarts_total Restarts of all processes since the registrar started.\n" +
		"# TYPE registrar_process_restarts_total counter\nregistrar_process_restarts_total 3\n"
	if got := w.Body.String(); !strings.Contains(got, want) {
		t.Errorf("%q is missing in\n%s", want, got)
	}
}
