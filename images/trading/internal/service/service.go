// Package service is what all long-running roles share: an HTTP server with
// /health, heartbeats, periodic jobs, and an orderly end.
package service

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/health"
	"github.com/stackctl/stackctl/images/trading/internal/job"
)

// Pulse keeps the signs of life.
type Pulse interface {
	Beat(ctx context.Context, service, instance, problem string, started time.Time) error
	SayGoodbye(ctx context.Context, service, instance string) error
}

// Service is one role at work.
type Service struct {
	// Name is the role's.
	Name string
	// Instance tells two containers of one role apart.
	Instance string
	// Heartbeat is the pause between two signs of life.
	Heartbeat time.Duration
	Pulse     Pulse
	Checker   health.Checker
	Log       *slog.Logger
	// Routes, which may be nil, adds the role's own routes beside /health.
	Routes func(*http.ServeMux)
	// Jobs are the role's periodic work.
	Jobs []job.Job
	// Background, each of which must end with its context, runs beside the jobs.
	Background []func(context.Context)
}

// The end of a service takes at most the sum of these and of what its work
// needs to give back what it holds, well within the grace period of its
// container.
const (
	drainTime   = time.Second
	goodbyeTime = 300 * time.Millisecond
)

// Run serves on the listener and works until the context ends. The database
// being away is no reason to end. Its error is a server that broke down.
func (s *Service) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(listener) }()
	s.Log.Info("started", "address", listener.Addr().String())

	working, stop := context.WithCancel(ctx)
	defer stop()
	work := s.start(working)
	var err error
	select {
	case <-ctx.Done():
	case err = <-broken:
		err = fmt.Errorf("serve http: %w", err)
	}
	stop()
	// The context is over, but what it carries besides goes on to the end.
	ending := context.WithoutCancel(ctx)
	s.drain(ending, server)
	work.Wait()
	s.goodbye(ending)
	s.Log.Info("stopped")
	return err
}

func (s *Service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /health", health.Handler(s.Name, s.Checker))
	if s.Routes != nil {
		s.Routes(mux)
	}
	// Nothing here asks who is there, so at least no foreign web page may
	// make a visitor's browser trade.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Service) start(ctx context.Context) *sync.WaitGroup {
	work := &sync.WaitGroup{}
	board := &job.Board{}
	for _, j := range append([]job.Job{s.heartbeat(board)}, s.Jobs...) {
		work.Go(func() { j.Run(ctx, s.Log, board) })
	}
	for _, background := range s.Background {
		work.Go(func() { background(ctx) })
	}
	return work
}

func (s *Service) heartbeat(board *job.Board) job.Job {
	started := time.Now()
	return job.Job{
		Name:    "heartbeat",
		Every:   s.Heartbeat,
		Timeout: 2 * time.Second,
		Do: func(ctx context.Context) error {
			return s.Pulse.Beat(ctx, s.Name, s.Instance, board.Problem(), started)
		},
	}
}

// drain lets running requests end, but not for long.
func (s *Service) drain(ctx context.Context, server *http.Server) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		s.Log.Warn("requests cut off", "error", err)
		_ = server.Close()
	}
}

func (s *Service) goodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, goodbyeTime)
	defer cancel()
	if err := s.Pulse.SayGoodbye(ctx, s.Name, s.Instance); err != nil {
		s.Log.Warn("left without a goodbye", "error", err)
	}
}
