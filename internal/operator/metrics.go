package operator

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stackctl/stackctl/orchestrator"
)

// Metrics are the supervisor's figures.
type Metrics struct {
	boss     Boss
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	heals    *prometheus.HistogramVec
	descs    map[string]*prometheus.Desc
}

// NewMetrics has figures of their own for one supervisor.
func NewMetrics(boss Boss) *Metrics {
	m := &Metrics{boss: boss, registry: prometheus.NewRegistry(), descs: map[string]*prometheus.Desc{}}
	m.events = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "stackctl_happenings_total", Help: "What happened, by kind.",
	}, []string{"service", "kind"})
	m.heals = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "stackctl_heal_duration_seconds", Help: "How long a service was not well until it was healed.",
		Buckets: []float64{.25, .5, 1, 2, 5, 10, 30, 60, 120, 300},
	}, []string{"service"})
	for name, about := range map[string]string{ //nolint:gosec // G101: names of figures
		"stackctl_stack_proven":                   "1 while every condition of every service holds.",
		"stackctl_passes_total":                   "Looks at the whole stack.",
		"stackctl_pass_duration_seconds":          "How long the last look took.",
		"stackctl_last_pass_timestamp":            "When the last look ended, in seconds since 1970.",
		"stackctl_engine_errors_total":            "Looks and pieces of work that the engine did not let succeed.",
		"stackctl_service_healthy":                "1 while its healthcheck passes; absent without one.",
		"stackctl_troubles":                       "What keeps the supervisor from its work: engine, file, plan, lock, image.",
		"stackctl_service_proven":                 "1 while every condition of the service holds.",
		"stackctl_service_unchecked":              "1 while the service is up and offers nothing that could prove it.",
		"stackctl_service_given_up":               "1 while its budget of starts is spent.",
		"stackctl_service_stopped_by_hand":        "1 while somebody keeps it stopped.",
		"stackctl_service_restarts":               "The engine's count of restarts of its containers.",
		"stackctl_service_starts_spent":           "Starts of its budget that are spent.",
		"stackctl_service_state_since":            "When it came into its state, in seconds since 1970.",
		"stackctl_service_probe_duration_seconds": "How long its last proofs took together.",
	} {
		labels := []string{"service"}
		if !isService(name) {
			labels = nil
		}
		m.descs[name] = prometheus.NewDesc(name, about, labels, nil)
	}
	m.descs["stackctl_service_state"] = prometheus.NewDesc("stackctl_service_state", "1 for the state that the service is in.", []string{"service", "state"}, nil)
	m.registry.MustRegister(m, m.events, m.heals, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func isService(name string) bool { return len(name) > 17 && name[:17] == "stackctl_service_" }

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Add counts what happened.
func (m *Metrics) Add(h orchestrator.Happening) {
	m.events.WithLabelValues(h.Service, string(h.Kind)).Inc()
	if h.Kind == orchestrator.Healed {
		m.heals.WithLabelValues(h.Service).Observe(h.Took.Seconds())
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range m.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	s, _ := m.boss.Snapshot()
	if s == nil {
		return
	}
	gauge := func(name string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(m.descs[name], prometheus.GaugeValue, value, labels...)
	}
	gauge("stackctl_stack_proven", one(s.Report.Proven && s.Err == nil))
	to <- prometheus.MustNewConstMetric(m.descs["stackctl_passes_total"], prometheus.CounterValue, float64(s.Pass))
	to <- prometheus.MustNewConstMetric(m.descs["stackctl_engine_errors_total"], prometheus.CounterValue, float64(s.EngineErrors))
	gauge("stackctl_pass_duration_seconds", s.LastTook.Seconds())
	gauge("stackctl_last_pass_timestamp", unix(s.At))
	gauge("stackctl_troubles", float64(len(s.Troubles)))
	for _, r := range s.Report.Services {
		d := s.Decisions[r.Name]
		gauge("stackctl_service_proven", one(r.Proven), r.Name)
		gauge("stackctl_service_unchecked", one(r.Unchecked), r.Name)
		gauge("stackctl_service_given_up", one(d.Verdict == orchestrator.GaveUp), r.Name)
		gauge("stackctl_service_stopped_by_hand", one(d.Verdict == orchestrator.HandsOff), r.Name)
		gauge("stackctl_service_restarts", float64(r.Restarts), r.Name)
		gauge("stackctl_service_starts_spent", float64(d.Starts), r.Name)
		gauge("stackctl_service_state", 1, r.Name, orchestrator.StateOf(r, d))
		gauge("stackctl_service_probe_duration_seconds", probing(r).Seconds(), r.Name)
		for _, c := range r.Conditions {
			if c.Type == orchestrator.GateHealthy {
				gauge("stackctl_service_healthy", one(c.Status == orchestrator.True), r.Name)
			}
		}
		if !r.Since.IsZero() {
			gauge("stackctl_service_state_since", unix(r.Since), r.Name)
		}
	}
}

// probing is how long the evidence about a service took to get.
func probing(r orchestrator.ServiceReport) time.Duration {
	var sum time.Duration
	for _, c := range r.Conditions {
		for _, e := range c.Evidence {
			sum += e.Took
		}
	}
	return sum
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
