// Package gotest shows Go tests against a throw-away stack:
//
//	cd examples/web-cache-database && stackctl test -- go test ../gotest
package gotest

import (
	"net/http"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// fromStack is a variable that stackctl test sets. Without a stack the tests
// are skipped, so that `go test ./...` works anywhere.
func fromStack(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("STACKCTL_PROJECT") == "" {
		t.Skip("run me with: stackctl test -- go test ./...")
	}
	value := os.Getenv(name)
	if value == "" {
		t.Skipf("the stack has no %s", name)
	}
	return value
}

func TestTheSiteAnswers(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fromStack(t, "STACKCTL_URL_WEB"), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusInternalServerError {
		t.Errorf("the site answers %s", answer.Status)
	}
}

func TestTheDatabaseTakesRows(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), fromStack(t, "DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var sum int
	if err := conn.QueryRow(t.Context(), "SELECT sum(n) FROM generate_series(1, 4) AS n").Scan(&sum); err != nil || sum != 10 {
		t.Errorf("the database answers %d, %v", sum, err)
	}
}
