package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/operator"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// around is what stands around the operator's loop.
type around struct {
	history  *operator.History
	metrics  *operator.Metrics
	hook     *operator.Hook
	page     *operator.Page
	listener net.Listener
	systemd  operator.Systemd
}

// logLine bounds a line of a log on the page, in bytes.
const logLine = 16 << 10

// surround makes the page, the figures and the hook.
func (s *supervision) surround(ctx context.Context) error {
	s.history = operator.NewHistory()
	s.metrics = operator.NewMetrics(s.boss)
	s.systemd = operator.NewSystemd(s.env.get)
	if s.o.onEvent != "" {
		secret, err := secretIn(s.o.onEventSecret)
		if err != nil {
			return err
		}
		s.hook, err = operator.NewHook(s.o.onEvent, secret, s.first.Name, s.first.Dir, func(err error) { s.log.Warn().Err(err).Msg("hook") })
		if err != nil {
			return err
		}
	}
	if s.o.listen == "none" {
		return nil
	}
	return s.openPage(ctx)
}

// openPage listens where the page is to be.
func (s *supervision) openPage(ctx context.Context) error {
	token, err := secretIn(s.o.tokenFile)
	if err != nil {
		return err
	}
	s.page, err = operator.NewPage(operator.PageOptions{
		Listen: s.o.listen, Token: token, Boss: s.boss, History: s.history, Document: s.document, Logs: s.logsOf,
		Redact: s.redacted, Metrics: s.metrics.Handler(), Alive: s.alive,
	})
	if err != nil {
		return err
	}
	var network net.ListenConfig
	s.listener, err = network.Listen(ctx, "tcp", s.o.listen)
	if err != nil && s.o.anyPort {
		s.listener, err = network.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fault.New(fault.Resource, "--listen %s: %w", s.o.listen, err).WithHint("name another address, or none")
	}
	return nil
}

// secretIn is what a file holds, "" without a file.
func secretIn(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fault.New(fault.Config, "%w", err)
	}
	secret := strings.TrimSpace(string(data))
	if len(secret) < 16 {
		return "", fault.New(fault.Config, "%s holds fewer than 16 characters", file).WithHint("openssl rand -hex 24 > %s", file)
	}
	return secret, nil
}

// pass passes on what happened. The supervisor tells nothing before it runs.
func (s *supervision) pass(h orchestrator.Happening) {
	s.history.Add(h)
	s.metrics.Add(h)
	if s.hook != nil {
		s.hook.Add(h)
	}
}

// document is a snapshot as status -o json prints it.
func (s *supervision) document(snapshot orchestrator.Snapshot) ([]byte, error) {
	class := fault.ClassOf(snapshot.Err)
	text, err := show.JSON(show.MakeDocument(s.showOptions(false, engineTime(snapshot.Report.Engine)), snapshot.Report, snapshot.Err, class))
	if err != nil {
		return nil, err
	}
	return []byte(s.redacted(string(text))), nil
}

// logsOf writes what a container says, safe to show.
func (s *supervision) logsOf(ctx context.Context, id string, tail int, out io.Writer) error {
	s.mu.Lock()
	redact := s.redact
	s.mu.Unlock()
	to := &sharedWriter{w: out}
	stdout, stderr := sanitize.NewWriter(to, redact, logLine), sanitize.NewWriter(to, redact, logLine)
	err := s.engine.Logs(ctx, id, orchestrator.LogOptions{Follow: true, Tail: tail}, stdout, stderr)
	if failed := stdout.Close(); err == nil {
		err = failed
	}
	if failed := stderr.Close(); err == nil {
		err = failed
	}
	return err
}

// sharedWriter lets two streams write to one.
type sharedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (w *sharedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

// thrifty is by how much the heap may grow until garbage is collected, in percent:
// less than Go's 100, as an operator stays for months and has little to do.
const thrifty = 40

// stuck is how old the last look may be while the loop counts as alive.
const stuck = time.Minute

// alive says whether the loop looks.
func (s *supervision) alive() error {
	snapshot, _ := s.boss.Snapshot()
	if snapshot != nil && time.Since(snapshot.At) > stuck {
		return fmt.Errorf("the last look was %s ago", time.Since(snapshot.At).Round(time.Second))
	}
	return nil
}

// beside are the loops that run beside the operator's.
func (s *supervision) beside() []func(context.Context) error {
	all := []func(context.Context) error{s.signOfLife, s.noteConditions}
	if s.page != nil {
		s.log.Info().Str("url", "http://"+s.listener.Addr().String()).Msg("page")
		all = append(all, func(ctx context.Context) error { return s.page.Serve(ctx, s.listener) })
	}
	if s.hook != nil {
		all = append(all, func(ctx context.Context) error { s.hook.Run(ctx); return nil })
	}
	return all
}

// noteConditions keeps the history of the conditions though nobody reads the page.
func (s *supervision) noteConditions(ctx context.Context) error {
	for {
		snapshot, changed := s.boss.Snapshot()
		if snapshot != nil {
			s.history.Note(*snapshot)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// signOfLife tells systemd that the process is ready once it looks, and then
// that its loop is alive, as long as it is.
func (s *supervision) signOfLife(ctx context.Context) error {
	defer func() { _ = s.systemd.Tell("STOPPING=1") }() // nobody may be listening
	for {
		snapshot, changed := s.boss.Snapshot()
		if snapshot != nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
	// What reading the files and the first look took is not needed again, and
	// there is time to collect the rest often.
	debug.SetGCPercent(thrifty)
	debug.FreeOSMemory()
	if err := s.systemd.Tell("READY=1"); err != nil {
		s.log.Warn().Err(err).Msg("systemd")
	}
	every := s.systemd.Watchdog() / 3
	if every <= 0 {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if s.alive() == nil {
			_ = s.systemd.Tell("WATCHDOG=1") // the next one may arrive
		}
	}
}
