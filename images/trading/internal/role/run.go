// Package role wires the parts together, one file for each role that a
// container can play.
package role

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/stackctl/stackctl/images/trading/internal/config"
	"github.com/stackctl/stackctl/images/trading/internal/exchange"
	"github.com/stackctl/stackctl/images/trading/internal/health"
	"github.com/stackctl/stackctl/images/trading/internal/migration"
	"github.com/stackctl/stackctl/images/trading/internal/service"
	"github.com/stackctl/stackctl/images/trading/internal/store"
)

// Process is what the program gets from outside.
type Process struct {
	// Args are the arguments without the program's name.
	Args   []string
	Getenv func(string) string
	// Stdout takes the log, Stderr what went wrong before there was one.
	Stdout io.Writer
	Stderr io.Writer
}

// Exit codes of the program.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run plays the role that the first argument names and returns the exit code.
func Run(ctx context.Context, p Process) int {
	if len(p.Args) == 0 {
		return usage(p, "no role given")
	}
	switch name := p.Args[0]; name {
	case "healthcheck":
		return report(p, healthcheck(ctx, p))
	case "migrate":
		return report(p, start(ctx, p, name, migrate))
	default:
		build, known := services()[name]
		if !known {
			return usage(p, fmt.Sprintf("no role %q", name))
		}
		return report(p, start(ctx, p, name, func(ctx context.Context, d deps) error { return serve(ctx, d, build) }))
	}
}

// deps is what a role is built from.
type deps struct {
	name       string
	settings   config.Settings
	store      *store.Store
	exchange   *exchange.Client
	migrations []migration.Migration
	log        *slog.Logger
}

func start(ctx context.Context, p Process, name string, play func(context.Context, deps) error) error {
	settings, err := config.Load(p.Getenv)
	if err != nil {
		return err
	}
	migrations, err := migration.All()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, settings.Database, migration.Newest(migrations))
	if err != nil {
		return err
	}
	defer db.Close()
	return play(ctx, deps{
		name:       name,
		settings:   settings,
		store:      db,
		exchange:   exchange.NewClient(settings.ExchangeURL),
		migrations: migrations,
		log:        slog.New(slog.NewJSONHandler(p.Stdout, nil)).With("service", name),
	})
}

func serve(ctx context.Context, d deps, build builder) error {
	part, err := build(d)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(d.settings.Port)))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	instance, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	s := service.Service{
		Name: d.name, Instance: instance, Heartbeat: d.settings.Every.Heartbeat,
		Pulse: d.store, Checker: d.store, Log: d.log,
		Routes: part.routes, Jobs: part.jobs, Background: part.background,
	}
	return s.Run(ctx, listener)
}

// healthcheck asks the service in the same container, or the address given.
func healthcheck(ctx context.Context, p Process) error {
	if len(p.Args) > 1 {
		return health.Probe(ctx, p.Args[1])
	}
	port := p.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	return health.Probe(ctx, "http://127.0.0.1:"+port+"/health")
}

func report(p Process, err error) int {
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintf(p.Stderr, "trading %s: %v\n", p.Args[0], err)
	return exitFailed
}

func usage(p Process, problem string) int {
	_, _ = fmt.Fprintf(p.Stderr, "trading: %s\nusage: trading ROLE\n\nroles:\n", problem)
	for _, name := range Names() {
		_, _ = fmt.Fprintf(p.Stderr, "  %s\n", name)
	}
	_, _ = fmt.Fprint(p.Stderr, "  migrate            brings the database's tables up to date and ends\n"+
		"  healthcheck [URL]  asks the service in this container whether it is healthy\n")
	return exitUsage
}
