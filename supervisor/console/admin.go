package console

import (
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the admin server's handler: /healthz (200 while the process serves), /readyz (200 only while the registrar is
// primed and consuming, else 503 with a line for each reason) and /metrics.
func Admin(s Source) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newCollector(s))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ok, reasons := s.Ready()
		if !ok {
			say(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
			return
		}
		say(w, http.StatusOK, strings.Join(append([]string{"ready"}, reasons...), "\n"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

func say(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") //nolint:gosec // plain text; an error means that the asker has gone.
}

// collector turns a source into metrics when it is asked.
type collector struct {
	s                                                            Source
	messages, ready, part, failures, commits, processes, restart *prometheus.Desc
}

func newCollector(s Source) *collector {
	return &collector{
		s:         s,
		messages:  prometheus.NewDesc("registrar_messages_total", "Messages by flow and what became of them.", []string{"flow", "outcome"}, nil),
		ready:     prometheus.NewDesc("registrar_ready", "Whether the registrar is primed and consuming.", nil, nil),
		part:      prometheus.NewDesc("registrar_part_up", "Whether a part of the bridge is connected and a file of the store can be written.", []string{"part"}, nil),
		failures:  prometheus.NewDesc("registrar_part_failures_total", "How often a part has ceased to be up.", []string{"part"}, nil),
		commits:   prometheus.NewDesc("registrar_store_commits_total", "Commits of a file of the store.", []string{"file"}, nil),
		processes: prometheus.NewDesc("registrar_processes", "Processes of the supervision tree that are up.", nil, nil),
		restart:   prometheus.NewDesc("registrar_restarts", "Restarts of all processes since the start of the registrar.", nil, nil),
	}
}

// Describe names the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.messages, c.ready, c.part, c.failures, c.commits, c.processes, c.restart} {
		ch <- d
	}
}

// Collect reads the source.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.s.Samples() {
		ch <- prometheus.MustNewConstMetric(c.messages, prometheus.CounterValue, float64(s.N), s.Flow, s.Outcome)
	}
	ok, _ := c.s.Ready()
	ready := number(ok)
	for _, p := range c.s.Parts() {
		ch <- prometheus.MustNewConstMetric(c.part, prometheus.GaugeValue, number(p.Up), p.Name)
		ch <- prometheus.MustNewConstMetric(c.failures, prometheus.CounterValue, float64(p.Failures), p.Name)
	}
	for file, n := range c.s.Commits() {
		ch <- prometheus.MustNewConstMetric(c.commits, prometheus.CounterValue, float64(n), file)
	}
	up, restarts := c.s.Processes()
	ch <- prometheus.MustNewConstMetric(c.ready, prometheus.GaugeValue, ready)
	ch <- prometheus.MustNewConstMetric(c.processes, prometheus.GaugeValue, float64(up))
	ch <- prometheus.MustNewConstMetric(c.restart, prometheus.CounterValue, float64(restarts))
}

func number(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
