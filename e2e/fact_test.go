package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// fact is something that has to be true of a stack for it to be what its file
// describes. The oracle finds out, and no tool's word takes part.
type fact struct {
	what  string
	holds func(s *stack) error
}

// untrue looks at the facts again and again for a while and returns the first
// contradiction: a fact that does not hold, or a container that is not the one
// it was, or not in the same run.
func (s *stack) untrue(facts []fact, watch time.Duration) error {
	s.t.Helper()
	before := map[string]string{}
	for deadline := time.Now().Add(watch); ; {
		for _, f := range facts {
			if err := f.holds(s); err != nil {
				return fmt.Errorf("%s: %w", f.what, err)
			}
		}
		for _, id := range ids(s.t, "containers", s.name) {
			c, ok := look(s.t, id)
			if was := before[c.Name]; ok && was != "" && was != c.ID+c.State.StartedAt {
				return fmt.Errorf("%s does not last: it was started anew", c.Name)
			}
			before[c.Name] = c.ID + c.State.StartedAt
		}
		if time.Now().After(deadline) {
			return nil
		}
		<-time.After(250 * time.Millisecond) // the pace of looking, not a hope
	}
}

// member finds the container of a service, or its numbered one: web#2.
func (s *stack) member(of string) (seen, error) {
	id, err := s.container(of)
	if err != nil {
		return seen{}, err
	}
	c, ok := look(s.t, id)
	if !ok {
		return seen{}, fmt.Errorf("the container of %s is gone", of)
	}
	return c, nil
}

// runs: the container of the service runs.
func runs(service string) fact {
	return fact{service + " runs", func(s *stack) error {
		c, err := s.member(service)
		if err == nil && c.State.Status != "running" {
			err = fmt.Errorf("it is %s(%d)", c.State.Status, c.State.ExitCode)
		}
		return err
	}}
}

// ends: the container of the service has ended with code 0.
func ends(service string) fact {
	return fact{service + " has done its work", func(s *stack) error {
		c, err := s.member(service)
		if err == nil && (c.State.Status != "exited" || c.State.ExitCode != 0) {
			err = fmt.Errorf("it is %s(%d)", c.State.Status, c.State.ExitCode)
		}
		return err
	}}
}

// serves: the service answers its neighbours on port 8080 with status 200 and
// a page that has the word.
func serves(service, word string) fact {
	return fact{service + " serves its neighbours", func(s *stack) error {
		c, err := s.member(service)
		if err != nil {
			return err
		}
		for _, n := range c.NetworkSettings.Networks {
			if n.IPAddress != "" {
				return get(net.JoinHostPort(n.IPAddress, "8080"), word)
			}
		}
		return fmt.Errorf("it has no address (%s)", c.State.Status)
	}}
}

// published: the port 8080 of the service answers on this host, likewise.
func published(service, word string) fact {
	return fact{service + " answers on the host", func(s *stack) error {
		c, err := s.member(service)
		if err != nil {
			return err
		}
		for _, p := range c.NetworkSettings.Ports["8080/tcp"] {
			if strings.Contains(p.HostIP, ":") {
				continue
			}
			return get(net.JoinHostPort("127.0.0.1", p.HostPort), word)
		}
		return fmt.Errorf("port 8080 is not published (%s)", c.State.Status)
	}}
}

// get asks without following anything and without a proxy.
func get(address, word string) error {
	client := http.Client{
		Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get("http://" + address + "/") //nolint:noctx // the client has a bound
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 400 || !strings.Contains(string(body), word) {
		return fmt.Errorf("it answers %d %q", resp.StatusCode, body)
	}
	return nil
}

// holds: a command in the service's container ends with code 0 and says the
// word.
func holds(what, service, word string, command ...string) fact {
	return fact{what, func(s *stack) error {
		c, err := s.member(service)
		if err != nil {
			return err
		}
		code, out, err := attempt(context.WithoutCancel(s.t.Context()), c.ID, command...)
		if err == nil && (code != 0 || !strings.Contains(out, word)) {
			err = fmt.Errorf("%q ends with %d and says %q", command, code, out)
		}
		return err
	}}
}

// given: the container of the service was given the variable
// with a value.
func given(service, variable string) fact {
	return fact{service + " has a value for " + variable, func(s *stack) error {
		c, err := s.member(service)
		if err != nil {
			return err
		}
		for _, entry := range c.Config.Env {
			if value, ok := strings.CutPrefix(entry, variable+"="); ok && value != "" {
				return nil
			}
		}
		return fmt.Errorf("it is empty")
	}}
}

// answersSQL: the database of the service answers over the network, with the
// password, as psql prints it.
func answersSQL(service, query, want string) fact {
	script := `PGPASSWORD=a-password-of-its-own psql -h "$(hostname -i)" -U keeper -d ledger -Atc "` + query + `"`
	return holds(service+" answers "+query, service, want, "sh", "-c", script)
}

// passes: the container's own healthcheck, run by the oracle, passes in its
// time.
func passes(service string) fact {
	return fact{"the check of " + service + " passes", func(s *stack) error {
		c, err := s.member(service)
		if err != nil {
			return err
		}
		check := c.Config.Healthcheck
		if check == nil || len(check.Test) < 2 {
			return errors.New("it has none")
		}
		command := check.Test[1:]
		if check.Test[0] == "CMD-SHELL" {
			command = append([]string{"/bin/sh", "-c"}, command...)
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), cmp.Or(check.Timeout, 10*time.Second))
		defer cancel()
		code, out, err := attempt(ctx, c.ID, command...)
		if err == nil && code != 0 {
			err = fmt.Errorf("it ends with %d: %s", code, out)
		}
		return err
	}}
}

// listens: behind the published port there is somebody who keeps a connection
// open, or says something.
func listens(service, port string) fact {
	return fact{service + " listens on " + port, func(s *stack) error {
		c, err := s.member(service)
		if err != nil {
			return err
		}
		bound := c.NetworkSettings.Ports[port]
		if len(bound) == 0 {
			return errors.New("it is not published")
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", bound[0].HostPort), time.Second)
		if err != nil {
			return err
		}
		defer conn.Close()
		must(s.t, conn.SetDeadline(time.Now().Add(time.Second)))
		if _, err = conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		return err
	}}
}
