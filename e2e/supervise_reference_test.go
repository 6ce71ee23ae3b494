package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pageView is what the operator's page shows.
type pageView struct {
	Proven   bool
	Error    string
	Hint     string
	Services []struct {
		Name, State, Tone, Reason string
		Proven                    bool
		History                   []struct{ Kind string }
	}
}

// shows is what the page shows now.
func (s *supervisor) shows() pageView {
	s.t.Helper()
	var v pageView
	code, body := s.asked("/view.json")
	if code != http.StatusOK {
		return v // nothing was looked at yet
	}
	must(s.t, json.Unmarshal([]byte(body), &v))
	return v
}

func TestTheOperatorHealsTheReferenceStackWhileItsPageShowsIt(t *testing.T) {
	r := newReference(t)
	r.make("secrets")
	r.env = append(r.env, "XDG_STATE_HOME="+t.TempDir())
	s := r.supervise()
	eventually(t, 5*time.Minute, "the page shows that all is proven", func() bool {
		return strings.Contains(s.log.String(), "page") && s.shows().Proven
	})
	for _, service := range append([]string{"postgres"}, tradingServices...) {
		t.Run("kill -9 of "+service, func(t *testing.T) { s.seenHealing(t, service) })
	}
	t.Run("a database that becomes read-only is shown within ten seconds", func(t *testing.T) { s.seenReadOnly(t) })
	if code := s.end(15); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	s.expect(0, nil, "down", "-v")
	nothingLeft(t, s.name)
}

// seenHealing kills a service's process; the page has to show that it is not
// well, and then that all is again.
func (s *supervisor) seenHealing(t *testing.T, service string) {
	from := s.mark()
	killProcess(t, s.stack, service)
	var seen []string
	eventually(t, 2*time.Minute, "the page shows the fall and the recovery of "+service, func() bool {
		v := s.shows()
		for _, one := range v.Services {
			if one.Name == service {
				seen = append(seen, one.State)
			}
		}
		return slices.ContainsFunc(strings.Split(s.log.String()[from:], "\n"), func(line string) bool {
			return strings.Contains(line, "healed") && strings.Contains(line, "service="+service)
		}) && v.Proven
	})
	if states := slices.Compact(seen); len(states) < 2 {
		t.Errorf("of the death of %s the page showed %v", service, states)
	}
	for _, one := range s.shows().Services {
		if one.Name == service && !slices.ContainsFunc(one.History, func(e struct{ Kind string }) bool { return e.Kind == "healed" }) {
			t.Errorf("the card's history of %s does not tell that it was healed", service)
		}
	}
}

// seenReadOnly lets the file mount the database's volume read-only, which is as if
// its disk were: the page, the answer for machines, and the exit code of status have
// to say so within ten seconds of the database's start on it.
func (s *supervisor) seenReadOnly(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(s.dir, "docker-compose.yml"))
	must(t, err)
	readOnly := strings.Replace(string(file), "pgdata:/var/lib/postgresql/data", "pgdata:/var/lib/postgresql/data:ro", 1)
	says := func(text string) bool {
		return strings.Contains(text, "postgres") && strings.Contains(text, "read-only")
	}
	promptly(t, 10*time.Second, "that the database's volume is read-only, on the page", func() time.Duration {
		before := s.only("postgres")
		s.apply(readOnly)
		eventually(t, 2*time.Minute, "the database has been started on a volume that is read-only", func() bool {
			return slices.ContainsFunc(ids(t, "containers", s.name), func(id string) bool {
				c, ok := look(t, id)
				return ok && c.Name == before.Name && c.ID != before.ID && !strings.HasPrefix(c.State.StartedAt, "0001")
			})
		})
		started := time.Now()
		eventually(t, time.Minute, "the page names the database and why", func() bool {
			v := s.shows()
			return !v.Proven && says(v.Error+" "+v.Hint)
		})
		took := time.Since(started)
		t.Logf("shown after %s: %s (%s)", took.Round(10*time.Millisecond), s.shows().Error, s.shows().Hint)
		if code, body := s.asked("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "postgres") {
			t.Errorf("ready is %d %s", code, body)
		}
		if _, body := s.asked("/status.json"); !says(body) {
			t.Errorf("the status does not tell: %s", body)
		}
		s.expect(7, []string{"postgres", "read-only"}, "status")
		s.apply(string(file))
		eventually(t, 2*time.Minute, "all is proven again", func() bool { return s.shows().Proven })
		return took
	})
}

// apply lets the operator read another state of its file.
func (s *supervisor) apply(file string) {
	s.t.Helper()
	s.write("docker-compose.yml", file)
	must(s.t, s.cmd.Process.Signal(syscall.SIGHUP))
}
