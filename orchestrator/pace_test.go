package orchestrator

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// loggingServer is a server of HTTP with an access log, behind a published port.
type loggingServer struct {
	mu sync.Mutex
	// status is its answer to a method; refuses says that nobody listens.
	status  map[string]int
	refuses bool
	log     []string
	at      []time.Time
	agents  map[string]bool
}

func (s *loggingServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *loggingServer) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	go s.serve(theirs)
	return ours, nil
}

func (s *loggingServer) serve(conn net.Conn) {
	defer conn.Close()
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return // nothing was asked: no line
	}
	s.mu.Lock()
	status := s.status[request.Method]
	if status == 0 {
		status = 200
	}
	s.log = append(s.log, request.Method)
	s.at = append(s.at, time.Now())
	s.agents[request.UserAgent()] = true
	s.mu.Unlock()
	fmt.Fprintf(conn, "HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status)
}

// busiest is the number of lines in the busiest minute of the log.
func (s *loggingServer) busiest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := 0
	for i, begin := range s.at {
		n := 0
		for _, at := range s.at[i:] {
			if at.Sub(begin) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestAPortThatIsWellIsAskedTwiceAMinuteAtMostAndItsDeathIsSeenAtOnce(t *testing.T) {
	port := func(inside uint16) compose.Verify { return compose.Verify{HTTP: &compose.VerifyHTTP{Port: inside}} }
	body := port(80)
	body.HTTP.Body = "x"
	status := port(80)
	status.HTTP.Status = []int{200}
	for name, c := range map[string]struct {
		verify  []compose.Verify
		methods map[string]int
		// want are the methods of the first requests.
		want []string
	}{
		"nothing is declared":                {want: []string{"GET", "HEAD", "HEAD"}},
		"a page is declared":                 {verify: []compose.Verify{port(80)}, want: []string{"GET", "HEAD", "HEAD"}},
		"a status is declared":               {verify: []compose.Verify{status}, want: []string{"GET", "GET", "GET"}},
		"two questions to one port":          {verify: []compose.Verify{port(80), status}, want: []string{"GET", "GET"}},
		"HEAD is answered with 405":          {methods: map[string]int{"HEAD": 405}, want: []string{"GET", "HEAD", "GET", "GET"}},
		"HEAD is answered with 501":          {methods: map[string]int{"HEAD": 501}, want: []string{"GET", "HEAD", "GET", "GET"}},
		"a declared page, HEAD with 501":     {verify: []compose.Verify{port(80)}, methods: map[string]int{"HEAD": 501}, want: []string{"GET", "HEAD", "GET", "GET"}},
		"the page needs a login, by default": {methods: map[string]int{"HEAD": 401, "GET": 401}, want: []string{"GET", "HEAD", "GET", "GET"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &loggingServer{status: c.methods, agents: map[string]bool{}}
				p := prober{info: EngineInfo{Local: true}, project: &compose.Project{}, outside: Outside{Dial: server.dial, Agent: "stackctl/1 (health probe)"}}
				service := &compose.Service{Settings: compose.ServiceSettings{Verify: c.verify}}
				running := Container{ID: "c", State: StateRunning, Published: []Port{{HostIP: "127.0.0.1", Host: 8080, Container: 80, Proto: "tcp"}}}
				var known []Proof
				ask := func() (passed bool) {
					tasks := p.tasks(service, running, bench{role: RoleService})
					known = confirmed(known, p.repeat(t.Context(), running, tasks, known))
					return !slices.ContainsFunc(known, func(p Proof) bool { return !p.Passed || p.Again })
				}
				for range 15 * 10 {
					if !ask() {
						t.Fatalf("a port that is well is said to be not: %+v", known)
					}
					time.Sleep(lookEvery)
				}
				if n := server.busiest(); n > 2 {
					t.Errorf("there are %d lines in one minute of the log: %q at %v", n, server.log, server.at)
				}
				if len(server.log) < 8 {
					t.Errorf("in ten minutes it was asked for %q only", server.log)
				}
				if got := server.log[:min(len(server.log), len(c.want))]; !slices.Equal(got, c.want) {
					t.Errorf("the requests are %q, want %q", got, c.want)
				}
				if len(server.agents) != 1 || !server.agents["stackctl/1 (health probe)"] {
					t.Errorf("who asks calls itself %v", server.agents)
				}

				server.set(func() { server.refuses = true })
				if ask() {
					t.Error("a port that refuses connections is not seen by the next look")
				}
				server.set(func() { server.refuses = false; server.log = nil })
				if ask() {
					t.Error("one good answer after a bad one proves")
				}
				if !ask() {
					t.Errorf("it is not well again: %+v", known)
				}
				if n := len(server.log); n < 2 || strings.Contains(strings.Join(server.log, ""), "HEAD") {
					t.Errorf("a proof after a failure was made by %q", server.log)
				}

				server.set(func() { server.status = map[string]int{"GET": 500, "HEAD": 500} })
				begin := time.Now()
				for ask() {
					time.Sleep(lookEvery)
				}
				if took := time.Since(begin); took > 2*requestEvery*time.Duration(max(1, len(c.verify)))+2*lookEvery {
					t.Errorf("an answer of 500 was seen after %s", took)
				}
			})
		})
	}
}
