package role

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// play runs the program and returns its exit code and its words.
func play(ctx context.Context, env map[string]string, args ...string) (int, string) {
	var stderr bytes.Buffer
	code := Run(ctx, Process{
		Args: args, Getenv: func(key string) string { return env[key] }, Stdout: io.Discard, Stderr: &stderr,
	})
	return code, stderr.String()
}

func TestAWrongRoleIsExplained(t *testing.T) {
	for _, args := range [][]string{nil, {"main-app"}} {
		code, words := play(t.Context(), nil, args...)
		if code != exitUsage || !strings.Contains(words, "main_app") || !strings.Contains(words, "migrate") {
			t.Errorf("%q: %d %s", args, code, words)
		}
	}
}

func TestAMissingPasswordFileIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "password")
	code, words := play(t.Context(), map[string]string{"DATABASE_PASSWORD_FILE": missing}, "main_app")
	if code != exitFailed || !strings.Contains(words, missing) {
		t.Errorf("%d %s", code, words)
	}
}

func TestAWrongVariableIsNamed(t *testing.T) {
	code, words := play(t.Context(), map[string]string{"PORT": "http"}, "migrate")
	if code != exitFailed || !strings.Contains(words, "PORT") {
		t.Errorf("%d %s", code, words)
	}
}

func TestTheHealthcheckTellsInOneLineWhatIsWrong(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"reason":"database: refused"}`)
	}))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	if code, words := play(t.Context(), map[string]string{"PORT": port}, "healthcheck"); code != 0 || words != "" {
		t.Errorf("healthy: %d %s", code, words)
	}
	status = http.StatusServiceUnavailable
	code, words := play(t.Context(), nil, "healthcheck", server.URL+"/health")
	if code != exitFailed || words != "trading healthcheck: unhealthy (503): database: refused\n" {
		t.Errorf("unhealthy: %d %q", code, words)
	}
}

// noDatabase is an environment whose database port is closed.
func noDatabase(t *testing.T) map[string]string {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"PORT": "0", "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "1", "DATABASE_PASSWORD_FILE": password,
		"DATA_DIR": t.TempDir(), "KALSHI_BASE_URL": "http://127.0.0.1:1", "TRADE_MANAGER_URL": "http://127.0.0.1:1",
	}
}

func TestEveryRoleSaysUnhealthyWithoutADatabaseAndEndsQuickly(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			log, out := io.Pipe()
			env := noDatabase(t)
			ended := make(chan int, 1)
			go func() {
				ended <- Run(ctx, Process{
					Args: []string{name}, Getenv: func(key string) string { return env[key] }, Stdout: out, Stderr: out,
				})
			}()
			code, reason := get(t, "http://127.0.0.1:"+port(t, log)+"/health")
			if code != http.StatusServiceUnavailable || !strings.Contains(reason, name) {
				t.Errorf("health is %d %s", code, reason)
			}
			begin := time.Now()
			stop()
			if code := <-ended; code != exitDone {
				t.Errorf("ended with %d", code)
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("took %s to end", took)
			}
		})
	}
}

// port reads the log until the service says where it listens, and lets the
// rest of the log go by.
func port(t *testing.T, log io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("the log is not JSON: %s", lines.Text())
		}
		if line.Msg == "started" {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return line.Address[strings.LastIndex(line.Address, ":")+1:]
		}
	}
	t.Fatal("never started")
	return ""
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
