package console

import (
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the handler of the admin server: /healthz (200 while the process serves),
// /readyz (200 while the registrar is primed, consuming and able to answer, else 503; a line for
// each reason) and /metrics.
func Admin(s Source) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newCollector(s))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ok, reasons := s.Ready()
		if !ok {
			writeText(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
			return
		}
		writeText(w, http.StatusOK, strings.Join(append([]string{"ready"}, reasons...), "\n"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") //nolint:gosec // plain text; an error means that the client has gone.
}

// collector converts a source to metrics at each scrape.
type collector struct {
	source Source

	messages, retries, timestamps, ready, up, failures, commits, processes, restarts *prometheus.Desc
}

func newCollector(s Source) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("registrar_"+name, help, labels, nil)
	}
	return &collector{
		source:     s,
		messages:   desc("messages_total", "Messages by flow and outcome.", "flow", "outcome"),
		retries:    desc("retries_total", "Retries of a message's work by flow.", "flow"),
		timestamps: desc("timestamp_rejected_total", "Messages with an event time that cannot be used, by flow.", "flow"),
		ready:      desc("ready", "Whether the registrar is primed, consuming and able to answer."),
		up:         desc("component_up", "Whether a component of the bridge or a file of the store is up.", "component"),
		failures:   desc("component_failures_total", "Changes of a component from up to not up.", "component"),
		commits:    desc("store_commits_total", "Commits of a file of the store.", "file"),
		processes:  desc("processes", "Running processes of the supervision tree."),
		restarts:   desc("process_restarts_total", "Restarts of all processes since the registrar started."),
	}
}

// Describe sends the description of each metric.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.messages, c.retries, c.timestamps, c.ready, c.up, c.failures, c.commits, c.processes, c.restarts} {
		ch <- d
	}
}

// Collect reads the source.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for _, s := range c.source.Samples() {
		counter(c.messages, s.Count, s.Flow, s.Outcome)
	}
	for _, s := range c.source.Retries() {
		counter(c.retries, s.Count, s.Flow)
	}
	for _, s := range c.source.RejectedTimestamps() {
		counter(c.timestamps, s.Count, s.Flow)
	}
	for _, p := range c.source.Components() {
		gauge(c.up, gaugeValue(p.Reason == ""), p.Name)
		counter(c.failures, p.Failures, p.Name)
	}
	for file, n := range c.source.Commits() {
		counter(c.commits, n, file)
	}
	ready, _ := c.source.Ready()
	gauge(c.ready, gaugeValue(ready))
	running, restarts := c.source.Processes()
	gauge(c.processes, float64(running))
	counter(c.restarts, restarts)
}

func gaugeValue(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
