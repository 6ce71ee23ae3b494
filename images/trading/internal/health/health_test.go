package health

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type checker func(context.Context) error

func (c checker) Check(ctx context.Context) error { return c(ctx) }

func ask(c Checker) (int, Report) {
	recorder := httptest.NewRecorder()
	Handler("main_app", c).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/health", nil))
	var report Report
	_ = json.NewDecoder(recorder.Body).Decode(&report)
	return recorder.Code, report
}

func TestHealthFollowsTheDatabaseAtEveryQuestion(t *testing.T) {
	var err error
	c := checker(func(context.Context) error { return err })
	if code, report := ask(c); code != 200 || report.Status != "ok" || report.Service != "main_app" {
		t.Errorf("with a database: %d %+v", code, report)
	}
	err = errors.New("connection refused")
	if code, report := ask(c); code != 503 || report.Reason != "connection refused" {
		t.Errorf("without one: %d %+v", code, report)
	}
	err = nil
	if code, _ := ask(c); code != 200 {
		t.Errorf("with the database back: %d", code)
	}
}

func TestADatabaseThatHangsIsUnhealthyAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		begin := time.Now()
		code, report := ask(checker(func(context.Context) error { <-release; return nil }))
		if code != 503 || time.Since(begin) != checkTimeout || !strings.Contains(report.Reason, "no answer") {
			t.Errorf("%d %+v after %s", code, report, time.Since(begin))
		}
	})
}

func TestTheProbePassesOnTheReason(t *testing.T) {
	var err error
	server := httptest.NewServer(Handler("x", checker(func(context.Context) error { return err })))
	if got := Probe(t.Context(), server.URL); got != nil {
		t.Errorf("healthy: %v", got)
	}
	err = errors.New("connection refused")
	got := Probe(t.Context(), server.URL)
	if !errors.Is(got, ErrUnhealthy) || !strings.Contains(got.Error(), "(503): connection refused") {
		t.Errorf("unhealthy: %v", got)
	}
	if strings.Contains(got.Error(), "\n") {
		t.Errorf("more than one line: %q", got)
	}
	server.Close()
	if got := Probe(t.Context(), server.URL); got == nil {
		t.Error("a closed port is healthy")
	}
}

func TestAnAnswerThatIsNoReportIsQuoted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "some\nother\x1bprogram", http.StatusTeapot)
	}))
	defer server.Close()
	got := Probe(t.Context(), server.URL)
	if got == nil || !strings.Contains(got.Error(), `(418): "some\nother\x1bprogram`) {
		t.Errorf("got %v", got)
	}
}
