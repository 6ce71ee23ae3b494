package scripted

import (
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/fakeengine"
)

func TestWhatWaitsForAPostgresThatIsAskedByTheSocketAloneWaitsForItsQuery(t *testing.T) {
	const initialises = 8 * time.Second
	for name, c := range map[string]struct {
		check string
		waits bool
	}{
		"by the socket alone": {"[CMD, pg_isready]", true},
		"over TCP":            {"[CMD, pg_isready, -h, 127.0.0.1]", false},
	} {
		t.Run(name, func(t *testing.T) {
			yaml := file(
				strings.ReplaceAll(part("db", "healthcheck: {test: "+c.check+", interval: 1s, timeout: 1s, retries: 3}", "environment: {POSTGRES_PASSWORD: a-long-password}", dataVolume), "app:1", "postgres:17"),
				part("web", everySecond, "depends_on: {db: {condition: service_healthy}}"),
			) + "volumes: {data: {}}\n"
			bubble(t, fakeengine.Moby28(), yaml, func(s *stage) {
				s.Script("db", database(func(a fakeengine.Ask) server {
					if a.Up < initialises {
						return server{code: 2, refuses: `psql: error: connection to server at "10.200.1.2", port 5432 failed: Connection refused`}
					}
					return server{}
				}))
				begin, started := time.Now(), time.Time{}
				s.Script("web", fakeengine.Script{Run: func(int) fakeengine.Life {
					started = time.Now()
					return fakeengine.Life{}
				}})
				r := s.run(s.Context(), "up")
				if r.code != 0 {
					t.Errorf("it ended with %d\n%s", r.code, r.all())
				}
				if waited := started.Sub(begin) >= initialises; waited != c.waits {
					t.Errorf("web was started after %s\n%s", started.Sub(begin), r.all())
				}
				if warned := strings.Contains(r.all(), "add -h 127.0.0.1"); warned != c.waits {
					t.Errorf("that it is warned is %t\n%s", warned, r.all())
				}
			})
		})
	}
}

func TestStatusLooksOnceMoreWhenTwoLooksDisagree(t *testing.T) {
	yaml := service("web", everySecond, published) + "x-stackctl: {stable_for: 10s}\n"
	for name, c := range map[string]struct {
		// ill is from when to when after the beginning of status the port is.
		from, to time.Duration
		code     int
	}{
		"the second look":  {9 * time.Second, 11 * time.Second, 0},
		"the first look":   {0, 100 * time.Millisecond, 0},
		"it does not heal": {9 * time.Second, time.Hour, 9},
		"it never was":     {0, time.Hour, 9},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, fakeengine.Moby28(), yaml, func(s *stage) {
				begin := time.Now().Add(24 * time.Hour)
				s.Script("web", fakeengine.Script{Port: func(fakeengine.Ask, uint16) fakeengine.Port {
					if at := time.Since(begin); at >= c.from && at < c.to {
						return fakeengine.Port{Status: 503}
					}
					return fakeengine.Port{}
				}})
				if r := s.run(s.Context(), "up"); r.code != 0 {
					t.Fatalf("up ended with %d\n%s", r.code, r.all())
				}
				begin = time.Now()
				if r := s.run(s.Context(), "status"); r.code != c.code {
					t.Errorf("status ended with %d after %s\n%s", r.code, r.took, r.all())
				}
			})
		})
	}
}
