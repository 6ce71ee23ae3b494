package cli

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/internal/operator"
	"github.com/stackctl/stackctl/orchestrator"
)

// superviseOptions are the flags of supervise.
type superviseOptions struct {
	unchecked     uncheckedFlags
	createBinds   string
	watchFile     bool
	downOnExit    bool
	scale         []string
	grace         *time.Duration
	listen        string
	tokenFile     string
	onEvent       string
	onEventSecret string
	// anyPort says that the address is the default, so that another port will do.
	anyPort bool
}

// defaultListen is where the page is, unless another run has that address.
const defaultListen = "127.0.0.1:9900"

func (a *app) superviseCommand() *cobra.Command {
	var o superviseOptions
	cmd := &cobra.Command{
		Use:   "supervise",
		Short: "Keep the stack as the file says: heal it, and give up visibly",
		Long: `Bring the project to what the file says and keep it so until told to end: what
dies, is removed, becomes unhealthy or differs from the file is put right, in the
order of the dependencies; what does not come good is given up and shown. The
stack goes on running when supervise ends.`,
		Args: cobra.NoArgs,
		RunE: a.begun(func(cmd *cobra.Command, _ []string) error {
			o.anyPort = !cmd.Flags().Changed("listen")
			return a.supervise(cmd.Context(), o)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", defaultListen, "`address` of the page and of /metrics; none is without")
	f.StringVar(&o.tokenFile, "token-file", "", "`file` with the token that the page asks for; needed on an address that can be reached from elsewhere")
	f.StringVar(&o.onEvent, "on-event", "", "post what fails, is healed or given up to this `URL`")
	f.StringVar(&o.onEventSecret, "on-event-secret-file", "", "`file` with the secret that signs what is posted")
	f.BoolVar(&o.watchFile, "watch-file", false, "apply the compose files when they change")
	f.BoolVar(&o.downOnExit, "down-on-exit", false, "take the stack down at the end; volumes stay")
	o.unchecked.declare(cmd)
	createBindsFlag(f, &o.createBinds)
	f.Var(words{&o.scale}, "scale", "as for up: `SERVICE=N`")
	f.VarP(optionalDuration(&o.grace), "timeout", "t", "how long a container may take to stop")
	return cmd
}

func (o superviseOptions) planFlags() planFlags {
	return planFlags{unchecked: o.unchecked, createBinds: o.createBinds, scale: o.scale, grace: o.grace}
}

func (a *app) supervise(ctx context.Context, o superviseOptions) error {
	a.leave.take(patience)  // what was begun is brought to its end
	hup := takeHangups(ctx) // before anything else: it does not mean the end from now on
	files := &watchedFiles{}
	p, err := a.reading(ctx, o.planFlags(), files)
	if err != nil {
		return err
	}
	e, err := a.connect(ctx, 0)
	if err != nil {
		return err
	}
	defer e.Close()
	if p, err = a.takeOver(ctx, e, p); err != nil {
		return err
	}
	release, err := a.holdSupervision(ctx, e, p)
	if err != nil {
		return err
	}
	defer release()
	s, err := a.newSupervision(ctx, e, p, o)
	if err != nil {
		return err
	}
	s.hup, s.watched = hup, files
	err = s.run(ctx)
	if o.downOnExit && signalClass(ctx) != fault.None {
		return a.takeDownAfter(ctx, e, s.project())
	}
	if signalClass(ctx) != fault.None {
		return nil // told to end, and ended in order
	}
	return err
}

// takeDownAfter takes the stack down although the run is over.
func (a *app) takeDownAfter(ctx context.Context, e engine, p *compose.Project) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	release, err := a.hold(ctx, e, p, true)
	if err != nil {
		return err
	}
	defer release()
	tell, end := a.showProgress("down", p)
	defer end(nil)
	return a.ops.down(ctx, e, p, orchestrator.DownOptions{Listen: tell})
}

// supervisionOf are the lock options under which one supervisor at a time
// looks after a project.
func (a *app) supervisionOf(ctx context.Context, e engine, p *compose.Project) (lock.Options, error) {
	info, err := e.Info(ctx)
	if err != nil {
		return lock.Options{}, err
	}
	dir, err := lock.Dir(a.env.get("XDG_RUNTIME_DIR"), os.TempDir())
	return lock.Options{Dir: dir, Project: p.Name, Identity: []string{p.ID(), info.Endpoint, "supervise"}, Command: a.command}, err
}

// holdSupervision makes this process the project's one supervisor.
func (a *app) holdSupervision(ctx context.Context, e engine, p *compose.Project) (release func(), err error) {
	options, err := a.supervisionOf(ctx, e, p)
	var held *lock.Lock
	if err == nil {
		held, err = lock.Acquire(ctx, options)
	}
	if errors.Is(err, lock.ErrUnusable) {
		a.remark("warning: nothing keeps a second supervisor away: " + err.Error())
		return func() {}, nil
	}
	if err != nil {
		return nil, fault.New(fault.Conflict, "%w", err).WithHint("one supervisor looks after a project; end the other one first")
	}
	return func() { _ = held.Release() }, nil // the kernel does so at the latest now
}

// besideSupervisor refuses what a supervisor would fight.
func (a *app) besideSupervisor(ctx context.Context, e engine, p *compose.Project) error {
	options, err := a.supervisionOf(ctx, e, p)
	if err != nil {
		return nil //nolint:nilerr // without a place for locks there is nobody to find
	}
	held, err := lock.Acquire(ctx, options)
	if fault.ClassOf(err) != fault.Conflict {
		_ = held.Release()
		return nil
	}
	return fault.New(fault.Conflict, "a supervisor looks after the stack: %w", err).
		WithHint("it applies a changed file with --watch-file or after kill -HUP to that pid; start, stop and restart work beside it; end it (kill) to go on here")
}

// supervision is one run of the operator.
type supervision struct {
	*app
	engine engine
	first  *compose.Project
	o      superviseOptions
	log    zerolog.Logger
	boss   *orchestrator.Supervisor
	// hup asks for the files to be read again, watched are those.
	hup     <-chan struct{}
	watched *watchedFiles
	around
}

func (a *app) newSupervision(ctx context.Context, e engine, p *compose.Project, o superviseOptions) (*supervision, error) {
	s := &supervision{app: a, engine: e, first: p, o: o, log: a.logger()}
	if s.log.GetLevel() > zerolog.InfoLevel {
		s.log = s.log.Level(zerolog.InfoLevel)
	}
	state := operator.OpenState(a.stateFile(p), operator.Place{Project: p.Name, Dir: p.Dir, Identity: p.ID()}, func(err error) { s.log.Warn().Err(err).Msg("state file") })
	memory, err := state.Load()
	if err != nil {
		s.log.Warn().Err(err).Msg("the state file is ignored")
	}
	options := a.orchestratorOptions(p, o.planFlags(), nil)
	options.Plan.Grace = o.grace
	s.boss = orchestrator.NewSupervisor(e, orchestrator.SuperviseOptions{
		Options: options, Memory: memory, Save: state.Save, Seed: seedOf(p),
		Hold: func(ctx context.Context) (func(), error) { return a.hold(ctx, e, p, false) },
		Tell: s.tell,
	})
	return s, s.surround(ctx)
}

// seedOf varies the pauses between stacks that died of one cause.
func seedOf(p *compose.Project) uint64 {
	sum := sha256.Sum256([]byte(p.ID()))
	return binary.BigEndian.Uint64(sum[:])
}

// stateFile is where the operator remembers.
func (a *app) stateFile(p *compose.Project) string {
	sum := sha256.Sum256([]byte(p.ID()))
	return filepath.Join(a.stateDir(), p.Name+"-"+hex.EncodeToString(sum[:8])+".json")
}

// stateDir is where this user's runs remember what outlives them.
func (a *app) stateDir() string {
	dir := a.env.get("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.env.get("HOME"), ".local", "state")
	}
	return filepath.Join(dir, "stackctl")
}

// project is the one that is looked after now.
func (s *supervision) project() *compose.Project {
	if snapshot, _ := s.boss.Snapshot(); snapshot != nil {
		return snapshot.Project
	}
	return s.first
}

// tell logs what happens, transitions and nothing else, and passes it on.
func (s *supervision) tell(h orchestrator.Happening) {
	h.Text = s.redacted(h.Text)
	s.pass(h)
	event := s.log.Info()
	switch h.Kind {
	case orchestrator.Failing, orchestrator.GivenUpOn, orchestrator.Trouble:
		event = s.log.Warn()
	}
	event = event.Int("pass", h.Pass)
	if h.Service != "" {
		event = event.Str("service", h.Service)
	}
	if h.State != "" {
		event = event.Str("state", h.State)
	}
	if h.Took > 0 {
		event = event.Dur("took_ms", h.Took.Round(time.Millisecond))
	}
	if h.Text != "" {
		event = event.Str("why", strings.ReplaceAll(h.Text, "\n", "; "))
	}
	event.Msg(string(h.Kind))
}

// run looks after the project until ctx ends.
func (s *supervision) run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, beside := range slices.Concat([]func(context.Context) error{s.reread}, s.beside()) {
		group.Go(func() {
			if err := guarded(func() error { return beside(ctx) }); err != nil {
				cancel(err)
			}
		})
	}
	return s.boss.Run(ctx, s.first)
}
