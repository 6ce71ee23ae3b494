package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// planFlags are the flags that decide what an up would do; plan has them too.
type planFlags struct {
	build, noBuild bool
	pull           string
	forceRecreate  bool
	noRecreate     bool
	removeOrphans  bool
	renewNetworks  bool
	renewVolumes   bool
	leaveVolumes   bool
	unchecked      uncheckedFlags
	createBinds    string
	scale          []string
	grace          *time.Duration
}

func (o *planFlags) flags(cmd *cobra.Command) {
	o.declareImages(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.forceRecreate, "force-recreate", false, "replace containers even if nothing changed")
	f.BoolVar(&o.noRecreate, "no-recreate", false, "replace no container, whatever changed")
	f.BoolVar(&o.removeOrphans, "remove-orphans", false, "remove containers of services that the file no longer has")
	f.BoolVar(&o.renewNetworks, "recreate-networks", false, "make networks anew whose definition changed, with the containers in them")
	f.BoolVar(&o.renewVolumes, "recreate-volumes", false, "make volumes anew whose definition changed; their data is lost")
	f.BoolVar(&o.leaveVolumes, "leave-volumes", false, "go on although the data of volumes that the file no longer mounts stays behind")
	f.VarP(optionalDuration(&o.grace), "timeout", "t", "how long a container may take to stop")
	exclusive(cmd, "force-recreate", "no-recreate")
}

// declareImages declares those that say what is made, and from what.
func (o *planFlags) declareImages(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.build, "build", false, "build images even if nothing changed")
	f.BoolVar(&o.noBuild, "no-build", false, "build nothing; what is missing is an error")
	f.Var(optionalChoice(&o.pull, "always", "missing", "never"), "pull", "when to pull images")
	o.unchecked.declare(cmd)
	createBindsFlag(f, &o.createBinds)
	f.Var(words{&o.scale}, "scale", "number of containers of a service, `SERVICE=N`; may be repeated")
	exclusive(cmd, "build", "no-build")
}

// options are the wishes for the plan and for the images.
func (o *planFlags) options() (orchestrator.PlanOptions, images.Options) {
	build := images.BuildAuto
	switch {
	case o.build:
		build = images.BuildAlways
	case o.noBuild:
		build = images.BuildNever
	}
	return orchestrator.PlanOptions{
		ForceRecreate: o.forceRecreate, NoRecreate: o.noRecreate, RemoveOrphans: o.removeOrphans,
		RecreateNetworks: o.renewNetworks, RecreateVolumes: o.renewVolumes, LeaveVolumes: o.leaveVolumes,
		AllowUnverified: o.unchecked.allow, Strict: o.unchecked.strict, CreateBinds: orchestrator.CreateBinds(o.createBinds), Grace: o.grace,
	}, images.Options{Build: build, Pull: images.PullMode(o.pull)}
}

// uncheckedFlags say what becomes of services that nothing could prove.
type uncheckedFlags struct{ allow, strict bool }

func (o *uncheckedFlags) declare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.allow, "allow-unverified", false, "waive the proof of unchecked services: end with 0 instead of 12")
	f.BoolVar(&o.strict, "strict", false, "refuse unchecked services (7) instead of ending with 12")
	exclusive(cmd, "allow-unverified", "strict")
}

func createBindsFlag(f *pflag.FlagSet, value *string) {
	f.Var(newChoice(value, string(orchestrator.CreateBindsAuto), string(orchestrator.CreateBindsAlways), string(orchestrator.CreateBindsNever)),
		"create-binds", "which missing bind sources to make as directories: all but those that look like files, all, none")
}

// replicas are the wishes of --scale.
func (o *planFlags) replicas() (map[string]int, error) {
	out := map[string]int{}
	for _, wish := range o.scale {
		name, number, _ := strings.Cut(wish, "=")
		n, err := strconv.Atoi(number)
		if err != nil || name == "" || n < 0 || n > 1000 {
			return nil, fault.New(fault.Usage, "--scale takes SERVICE=N, N from 0 to 1000, not %q", wish)
		}
		out[name] = n
	}
	return out, nil
}

// upOptions are the flags of up.
type upOptions struct {
	planFlags
	copyFlags
	ephemeral             bool
	waitTimeout, deadline time.Duration
	stableFor             *time.Duration
	rollback, dryRun      bool
	timings, waitLock     bool
	report                []string
}

func (o *upOptions) declare(cmd *cobra.Command) {
	o.flags(cmd)
	o.declareProof(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.rollback, "rollback", false, "put the replaced containers back when the new ones are not proven")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done and do nothing")
	f.BoolVar(&o.ephemeral, "ephemeral", false, "bring up a private copy under a name of its own, to be thrown away")
	o.ttlFlag(cmd)
	exclusive(cmd, "ephemeral", "rollback")
	exclusive(cmd, "recreate-networks", "rollback")
	exclusive(cmd, "recreate-volumes", "rollback")
	exclusive(cmd, "ephemeral", "dry-run")
	waitLockFlag(f, &o.waitLock)
	f.BoolP("detach", "d", false, "accepted for its users' habits: stackctl always returns")
	f.Bool("wait", false, "accepted for its users' habits: stackctl always waits")
}

// declareForCopy declares those that mean something where all is new.
func (o *upOptions) declareForCopy(cmd *cobra.Command) {
	o.declareImages(cmd)
	o.declareProof(cmd)
}

// declareProof declares those about the proof and its report.
func (o *upOptions) declareProof(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(durationVar(&o.waitTimeout), "wait-timeout", "bound over everything from the first container created (default: the file's, else 5m)")
	f.Var(durationVar(&o.deadline), "deadline", "bound over the whole run, images too (default: none)")
	f.Var(optionalDuration(&o.stableFor), "stable-for", "how long everything must stay well (default: the file's, else 2s)")
	f.BoolVar(&o.timings, "timings", false, "say where the time went")
	reportFlag(f, &o.report)
}

func waitLockFlag(f *pflag.FlagSet, value *bool) {
	f.BoolVar(value, "wait-lock", false, "wait for another run that changes the project, instead of giving up")
}

// check finds what is wrong with the flags before anything is read.
func (o *upOptions) check() error {
	if _, err := o.replicas(); err != nil || !o.ephemeral {
		return err
	}
	return o.copyFlags.check()
}
