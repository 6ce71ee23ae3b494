package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/cli/doctor"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/lock"
	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// examined is what doctor alone asks of an engine.
type examined interface {
	Machine(ctx context.Context) (docker.Machine, error)
	Offered(ctx context.Context, ref string) error
}

var _ examined = (*docker.Engine)(nil)

// The bounds of doctor: for one question to the engine, and to a registry.
const (
	examinePatience  = 10 * time.Second
	registryPatience = 8 * time.Second
)

func (a *app) doctorCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether this machine and its engine are fit",
		Long: `Look at the compose file, the engine and what an up would need of both: clock,
disk, limits, builder, address pools, ports, registries. Nothing is changed. Exit
code 0 means fit; otherwise it is that of the first finding that is not.`,
		Args: cobra.NoArgs,
		RunE: a.begun(func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), output) }),
	}
	cmd.Flags().VarP(newChoice(&output, outputTable, outputJSON), "output", "o", "form of the result")
	return cmd
}

func (a *app) doctor(ctx context.Context, output string) error {
	facts := a.examine(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx) // an answer that was cut short is none
	}
	findings := doctor.Judge(facts)
	text := doctor.Text(a.style(a.streams.OutTerminal), a.width(a.streams.OutTerminal), a.withoutSecrets(findings))
	if output == outputJSON {
		document, err := show.JSON(doctor.MakeDocument(facts.Engine, findings))
		if err != nil {
			return err
		}
		text = string(document)
	}
	if err := a.print(text); err != nil {
		return err
	}
	if worst := doctor.Worst(findings); worst != fault.None {
		return fault.New(worst, "not fit: %s", strings.Join(unfit(findings), ", "))
	}
	return nil
}

// withoutSecrets are the findings before they are broken into lines.
func (a *app) withoutSecrets(all []doctor.Finding) []doctor.Finding {
	for i := range all {
		all[i].Message, all[i].Remedy = a.redacted(all[i].Message), a.redacted(all[i].Remedy)
	}
	return all
}

// unfit names what is not fit, each once.
func unfit(all []doctor.Finding) []string {
	var names []string
	for _, f := range all {
		if f.Status == doctor.Unfit && (len(names) == 0 || names[len(names)-1] != f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// examine finds the facts out.
func (a *app) examine(ctx context.Context) doctor.Facts {
	var f doctor.Facts
	p, err := a.load(ctx, nil)
	f.ProjectErr, f.NoProject = err, len(a.global.files) == 0 && noFile(err)
	if err == nil {
		f.Project, f.Services = p.Name, len(p.Services)
		for _, w := range p.Warnings {
			f.Warnings = append(f.Warnings, warningText(w))
		}
	}
	f.LockDir, f.LockErr = lock.Dir(a.env.get("XDG_RUNTIME_DIR"), os.TempDir())
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		if a.env.get(name) != "" {
			f.Proxies = append(f.Proxies, name)
		}
	}
	bounded, cancel := context.WithTimeoutCause(ctx, examinePatience, fault.New(fault.Engine, "the engine gave no answer within %s", examinePatience))
	defer cancel()
	e, err := a.connect(bounded, 0)
	if err != nil {
		f.EngineErr = err
		return f
	}
	defer e.Close()
	if f.Engine, f.EngineErr = e.Info(bounded); f.EngineErr != nil {
		return f
	}
	patience := orchestrator.Patience(e, examinePatience)
	longer, done := context.WithTimeoutCause(ctx, patience, fault.New(fault.Engine, "the engine gave no answer within %s", patience))
	defer done()
	a.examineEngine(longer, e, &f)
	if p != nil {
		a.examinePlan(ctx, e, p, &f)
	}
	return f
}

// noFile says whether the only problem is that there is no compose file.
func noFile(err error) bool {
	problems := compose.ProblemsOf(err)
	return len(problems) == 1 && problems[0].File == "" && strings.HasPrefix(problems[0].Message, "no compose file in ")
}

// examineEngine asks the engine about itself and its host.
func (a *app) examineEngine(ctx context.Context, e engine, f *doctor.Facts) {
	m, err := e.Machine(ctx)
	f.MachineErr = err
	f.Memory, f.CPU, f.Pids, f.BuildKit = m.Memory, m.CPU, m.Pids, m.BuildKit
	if f.Engine.Local {
		f.Disk = diskOf(m.Root)
	}
	free, known, err := e.FreeNetworks(ctx)
	if f.FreeNetworksErr = err; err == nil && known {
		f.FreeNetworks = &free
	}
}

// diskOf is the room at a path, nil where that is not known.
func diskOf(path string) *doctor.Disk {
	var s unix.Statfs_t
	if path == "" || unix.Statfs(path, &s) != nil || s.Blocks == 0 {
		return nil
	}
	d := doctor.Disk{Path: path, Free: s.Bavail * uint64(s.Bsize), Total: s.Blocks * uint64(s.Bsize), Inodes: 1}
	if s.Files > 0 { // some file systems have no fixed number
		d.Inodes = float64(s.Ffree) / float64(s.Files)
	}
	return &d
}

// examinePlan asks what an up would do, and whether it could.
func (a *app) examinePlan(ctx context.Context, e engine, p *compose.Project, f *doctor.Facts) {
	mine, err := a.claim(ctx, e, p)
	if err != nil {
		f.PlanErr = err
		return
	}
	p = mine
	options := a.orchestratorOptions(p, planFlags{}, nil)
	preview, err := a.ops.preview(ctx, e, p, options)
	f.PlanErr = errors.Join(err, preview.Plan.Refused())
	for _, s := range p.Services {
		f.Builds = f.Builds || s.Build != nil
	}
	for _, action := range preview.Plan.Actions {
		if action.Kind == orchestrator.CreateNetwork {
			f.WantedNetworks++
		}
	}
	if err == nil {
		f.PortsErr = orchestrator.BusyPorts(ctx, p, preview, options.Outside)
	}
	f.Offers = offers(ctx, e, preview.Images)
}

// offers asks the registries of the images that have to be pulled.
func offers(ctx context.Context, e examined, needs []images.Need) map[string]error {
	answers := make([]error, len(needs))
	var group errgroup.Group
	group.SetLimit(4)
	for i, need := range needs {
		if need.Action != images.Pull {
			continue
		}
		group.Go(func() error {
			asking, cancel := context.WithTimeoutCause(ctx, registryPatience, fault.New(fault.Image, "%s: no answer within %s", need.Ref, registryPatience))
			defer cancel()
			if answers[i] = e.Offered(asking, need.Ref); answers[i] != nil && asking.Err() != nil {
				answers[i] = context.Cause(asking)
			}
			return nil
		})
	}
	_ = group.Wait() // the answers are kept one by one
	all := map[string]error{}
	for i, need := range needs {
		if need.Action == images.Pull {
			all[need.Ref] = answers[i]
		}
	}
	return all
}
