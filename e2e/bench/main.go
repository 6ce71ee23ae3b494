// Command bench measures stackctl against docker compose and against the floor,
// which is the engine's own cost of the same work: the same calls made raw, all
// decided beforehand, readiness asked of the containers every 5 ms. All three do
// the same work on the same engine, alternating; what is told are medians.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// options are what a run of the bench is told.
type options struct {
	// stackctl, compose and docker are programs; compose may be "".
	stackctl, compose, docker string
	// image has the test program, postgres is the database's.
	image, postgres string
	rounds          int
	// most is how many services the biggest stack has.
	most int
	only string
	// out is the file that the tables are written to, "" for none.
	out string
}

func main() {
	var o options
	flag.StringVar(&o.stackctl, "stackctl", "bin/stackctl", "the stackctl to measure")
	flag.StringVar(&o.compose, "compose", os.Getenv("COMPOSE_BIN"), "the docker compose to measure; none when empty")
	flag.StringVar(&o.docker, "docker", "docker", "the docker command line")
	flag.StringVar(&o.image, "image", "stackctl-bench:latest", "image of the test program; made when it is not there")
	flag.StringVar(&o.postgres, "postgres", postgresImage(), "image of the database")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each thing is measured")
	flag.IntVar(&o.most, "most", 200, "how many services the biggest stack has; 200 takes its time")
	flag.StringVar(&o.only, "only", "", "measure only the cases whose name contains this")
	flag.StringVar(&o.out, "out", "", "write the tables to this file")
	flag.Parse()
	if err := o.check(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// leastMost is the second smallest stack of the case on scale: a slope needs two.
const leastMost = 100

// check finds a wish that could only fail later, after minutes of measuring.
func (o options) check() error {
	switch {
	case o.most < leastMost:
		return fmt.Errorf("-most %d: a slope needs two sizes, so at least %d", o.most, leastMost)
	case o.rounds < 1:
		return fmt.Errorf("-rounds %d: at least one is needed", o.rounds)
	}
	return nil
}

func postgresImage() string {
	if image := os.Getenv("POSTGRES_IMAGE"); image != "" {
		return image
	}
	return "postgres:17"
}

// run measures every case and writes the tables.
func run(ctx context.Context, o options) error {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	var text strings.Builder
	fmt.Fprintf(&text, "## Engine %s\n", b.engine.version)
	// What was measured is kept after each case, whatever becomes of the next.
	keep := func() error {
		if o.out == "" {
			return nil
		}
		return os.WriteFile(o.out, []byte(text.String()), 0o644) //nolint:gosec // a page to read
	}
	for _, c := range cases() {
		if !strings.Contains(c.name, o.only) {
			continue
		}
		fmt.Fprintln(os.Stderr, "==", c.name)
		t := newTable(c.name, c.about)
		if err := c.measure(ctx, b, t); err != nil {
			return fmt.Errorf("%s: %w", c.name, errors.Join(err, keep()))
		}
		fmt.Fprint(os.Stderr, t)
		fmt.Fprintf(&text, "\n%s", t)
		if err := keep(); err != nil {
			return err
		}
	}
	return nil
}
