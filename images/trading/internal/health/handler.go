// Package health answers whether a service can do its work now, and asks a
// service for that answer.
package health

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Checker looks at the database with a fresh query.
type Checker interface {
	Check(ctx context.Context) error
}

// Report is the body of an answer.
type Report struct {
	Service       string  `json:"service"`
	Status        string  `json:"status"`
	Reason        string  `json:"reason,omitempty"`
	CheckSeconds  float64 `json:"check_seconds"`
	UptimeSeconds float64 `json:"uptime_seconds"`
}

// checkTimeout bounds the look at the database. It is shorter than any
// prober's patience, so that the answer is a reason and not a time-out.
const checkTimeout = time.Second

// Handler answers 200 when the database answers now and 503 with the reason
// when it does not. Nothing is remembered between two questions.
func Handler(service string, checker Checker) http.Handler {
	started := time.Now()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		err := check(r.Context(), checker)
		report := Report{
			Service:       service,
			Status:        "ok",
			CheckSeconds:  time.Since(begin).Seconds(),
			UptimeSeconds: time.Since(started).Seconds(),
		}
		code := http.StatusOK
		if err != nil {
			code = http.StatusServiceUnavailable
			report.Status, report.Reason = "unavailable", err.Error()
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(report)
	})
}

// check gives up after checkTimeout even when the checker does not listen to
// its context.
func check(ctx context.Context, checker Checker) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- checker.Check(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer from the database within %s", checkTimeout)
	}
}
