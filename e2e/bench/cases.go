package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// What is measured, as the tables name it.
const (
	oursReady    = "stackctl, ready"
	oursReleased = "stackctl, last check passed"
	oursTotal    = "stackctl"
	theirsTotal  = "docker compose"
	floorTotal   = "floor"
	floorChecked = "floor, and each check run once"
)

// oneCase is one comparison.
type oneCase struct {
	name, about string
	measure     func(ctx context.Context, b *bench, t *table) error
}

func cases() []oneCase {
	return []oneCase{
		{"life, ordinary file", "Eleven services in four levels, Postgres among them; every check has `interval: 10s`.", ordinary},
		{"cold up, tuned file", "The same with `start_period: 30s` and `start_interval: 100ms`.", tuned},
		{"waiting", "One service that takes 15 s to become ready.", waiting},
		{"first call", "From the start of the process to its first call of the engine's API, eleven services.", firstCall},
		{"scale", "Small services that need nobody, `interval: 30s`.", scale},
	}
}

func (b *bench) stack(p probing) stack {
	return stack{services: eleven(b.port), probing: p, variable: "one", image: b.image, database: b.postgres}
}

// rounds runs each tool's turn in every round, beginning with another one each
// time, and removes what a turn left.
func (b *bench) alternate(ctx context.Context, s stack, turns map[string]func(ctx context.Context, project string) error) error {
	order := []string{"ours", "theirs", "floor"}
	for round := range b.rounds {
		for i := range order {
			tool := order[(round+i)%len(order)]
			turn := turns[tool]
			if turn == nil || tool == "theirs" && b.compose == "" {
				continue
			}
			project := nextProject(tool, round)
			if err := b.write(project, s); err != nil {
				return err
			}
			err := turn(ctx, project)
			if clean := b.engine.remove(context.WithoutCancel(ctx), project); err == nil {
				err = clean
			}
			if err != nil {
				return err
			}
			if err := settle(ctx, 500*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// ordinary follows a stack from its first up to its end.
func ordinary(ctx context.Context, b *bench, t *table) error {
	s := b.stack(probing{interval: 10 * time.Second})
	err := b.alternate(ctx, s, map[string]func(context.Context, string) error{
		"ours":   func(ctx context.Context, project string) error { return b.ourLife(ctx, t, project, s) },
		"theirs": func(ctx context.Context, project string) error { return b.theirLife(ctx, t, project, s) },
		"floor":  func(ctx context.Context, project string) error { return b.floorLife(ctx, t, project, s) },
	})
	t.compare("cold up: "+oursReady, "cold up: "+floorTotal)
	t.compare("cold up: "+oursReleased, "cold up: "+floorTotal)
	t.compare("cold up: "+oursTotal, "cold up: "+theirsTotal)
	for _, what := range []string{"unchanged up: ", "one variable changed: ", "down -t 1: "} {
		t.compare(what+oursTotal, what+theirsTotal)
	}
	t.compare("down -t 1: "+oursTotal, "down -t 1: "+floorTotal)
	t.compare("status: "+oursTotal, "status: docker ps")
	return err
}

// floorLife is what the engine itself takes for the same life.
func (b *bench) floorLife(ctx context.Context, t *table, project string, s stack) error {
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"cold up: ", func() error { return b.engine.floor(ctx, project, s) }},
		{"look at each container: ", func() error { return b.engine.look(ctx, project, s) }},
		{"down -t 1: ", func() error { return b.engine.floorDown(ctx, project, s) }},
	} {
		d, err := timed(step.do)
		if err != nil {
			return err
		}
		t.add(step.what+floorTotal, d)
		if err := settle(ctx, restBefore); err != nil {
			return err
		}
	}
	return nil
}

// restBefore is how long a stack is left alone before it is asked again: longer
// than the stability window, which an unchanged stack then does not owe.
const restBefore = 4 * time.Second

func (b *bench) ourLife(ctx context.Context, t *table, project string, s stack) error {
	up, err := b.up(ctx, project)
	if err != nil {
		return err
	}
	t.add("cold up: "+oursReady, up.ready)
	t.add("cold up: "+oursReleased, up.released)
	t.add("cold up: "+oursTotal, up.took)
	if err := settle(ctx, restBefore); err != nil {
		return err
	}
	again, err := b.ours(ctx, project, "up")
	if err != nil {
		return err
	}
	t.add("unchanged up: "+oursTotal, again.took)
	status, err := b.ours(ctx, project, "status")
	if err != nil {
		return err
	}
	t.add("status: "+oursTotal, status.took)
	ps, err := b.tool(ctx, project, b.docker, "ps", "--filter", "label=com.docker.compose.project="+project)
	if err != nil {
		return err
	}
	t.add("status: docker ps", ps.took)
	s.variable = "two"
	if err := b.write(project, s); err != nil {
		return err
	}
	changed, err := b.up(ctx, project)
	if err != nil {
		return err
	}
	t.add("one variable changed: "+oursTotal, changed.took)
	t.add("one variable changed: "+oursReady, changed.ready)
	down, err := b.ours(ctx, project, "down", "-t", "1", "-v")
	t.add("down -t 1: "+oursTotal, down.took)
	return err
}

func (b *bench) theirLife(ctx context.Context, t *table, project string, s stack) error {
	steps := []struct {
		what string
		args []string
	}{
		{"cold up: " + theirsTotal, []string{"up", "-d", "--wait"}},
		{"unchanged up: " + theirsTotal, []string{"up", "-d", "--wait"}},
		{"status: docker compose ps", []string{"ps"}},
		{"one variable changed: " + theirsTotal, []string{"up", "-d", "--wait"}},
		{"down -t 1: " + theirsTotal, []string{"down", "-t", "1", "-v"}},
	}
	for i, step := range steps {
		if i == 1 {
			if err := settle(ctx, restBefore); err != nil {
				return err
			}
		}
		if i == 3 {
			s.variable = "two"
			if err := b.write(project, s); err != nil {
				return err
			}
		}
		o, err := b.theirs(ctx, project, step.args...)
		if err != nil {
			return err
		}
		t.add(step.what, o.took)
	}
	return nil
}

// tuned is a cold up of a file whose author has tuned its checks.
func tuned(ctx context.Context, b *bench, t *table) error {
	s := b.stack(probing{interval: 10 * time.Second, startInterval: 100 * time.Millisecond})
	err := b.alternate(ctx, s, map[string]func(context.Context, string) error{
		"ours": func(ctx context.Context, project string) error {
			up, err := b.up(ctx, project)
			t.add(oursReady, up.ready)
			t.add(oursReleased, up.released)
			t.add(oursTotal, up.took)
			return err
		},
		"theirs": func(ctx context.Context, project string) error {
			o, err := b.theirs(ctx, project, "up", "-d", "--wait")
			t.add(theirsTotal, o.took)
			return err
		},
		"floor": func(ctx context.Context, project string) error {
			d, err := timed(func() error { return b.engine.floor(ctx, project, s) })
			t.add(floorTotal, d)
			return err
		},
	})
	t.compare(oursReady, floorTotal)
	t.compare(oursReleased, floorTotal)
	t.compare(oursReady, theirsTotal)
	t.compare(oursTotal, theirsTotal)
	return err
}

// waiting measures what stackctl costs while it waits.
func waiting(ctx context.Context, b *bench, t *table) error {
	s := b.stack(probing{interval: 10 * time.Second})
	s.services[0] = service{name: "db", after: 15 * time.Second}
	project := nextProject("waiting", 0)
	if err := b.write(project, s); err != nil {
		return err
	}
	up, err := b.up(ctx, project)
	if clean := b.engine.remove(context.WithoutCancel(ctx), project); err == nil {
		err = clean
	}
	t.add(oursTotal, up.took)
	t.add("processor time of stackctl", up.busy)
	t.note("%.1f %% of the time; peak memory %d MB.", 100*up.busy.Seconds()/max(up.took.Seconds(), 0.001), up.peak>>20)
	return err
}

// firstCall stands in for an engine and measures when it is first spoken to.
func firstCall(ctx context.Context, b *bench, t *table) error {
	project := nextProject("first", 0)
	if err := b.write(project, b.stack(probing{interval: 10 * time.Second})); err != nil {
		return err
	}
	path := filepath.Join(b.dir, "first.sock")
	listener, err := net.Listen("unix", path) //nolint:noctx // a path
	if err != nil {
		return err
	}
	defer listener.Close()
	for range 4 * b.rounds {
		cmd := exec.CommandContext(ctx, b.stackctl, "-p", project, "status") //nolint:gosec // what is measured
		cmd.Dir = filepath.Join(b.dir, project)
		cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+path)
		begin := time.Now()
		if err := cmd.Start(); err != nil {
			return err
		}
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		t.add(oursTotal, time.Since(begin))
		conn.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	return nil
}
