package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/report"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// takeOver is claim for what changes the project: what it takes over is said.
func (a *app) takeOver(ctx context.Context, e engine, p *compose.Project) (*compose.Project, error) {
	claim, err := a.claimed(ctx, e, p)
	if claim.Taken != "" {
		a.remark("note: " + claim.Taken)
	}
	for _, owner := range claim.Owners {
		a.rememberMove(owner, p.Dir)
	}
	return claim.Project, err
}

// claim is the project under the identity of what the engine has of it.
func (a *app) claim(ctx context.Context, e engine, p *compose.Project) (*compose.Project, error) {
	claim, err := a.claimed(ctx, e, p)
	return claim.Project, err
}

// claimed is the project under the identity of what the engine has of it, see
// orchestrator.Decide. The error says that another directory's stack has its
// name; its hint is this command, taking that over.
func (a *app) claimed(ctx context.Context, e engine, p *compose.Project) (orchestrator.Claim, error) {
	info, err := e.Info(ctx)
	if err != nil {
		return orchestrator.Claim{}, err
	}
	origins, err := e.Origins(ctx, p.Name)
	if err != nil {
		return orchestrator.Claim{}, err
	}
	here := *p
	here.Host = hostID()
	place := orchestrator.NewHere(info, a.global.adopt)
	place.Moved = a.movedTo
	claim, err := orchestrator.Decide(&here, origins, place)
	if err != nil {
		return orchestrator.Claim{}, fault.New(fault.ClassOf(err), "%w", err).
			WithHint("%s", strings.Replace(a.command, "stackctl", "stackctl --adopt", 1))
	}
	if len(origins) == 0 {
		a.pointToAbandoned(ctx, e, &here, place)
	}
	return claim, nil
}

// pointToAbandoned says, where nothing has the project's name, which stack may be
// this one under the name of the directory that it was in before.
func (a *app) pointToAbandoned(ctx context.Context, e engine, p *compose.Project, place orchestrator.Here) {
	all, err := e.Containers(ctx)
	if err != nil {
		return // a courtesy
	}
	if name, dir := orchestrator.Abandoned(p, all, place); name != "" {
		a.remark("note: project " + name + " has these services and was made in " + dir + ", which no longer exists; if it is this one, go on with it: stackctl -p " + name + " up")
	}
}

// movesFile is where this host remembers which directory has taken over an identity,
// so that a copy of the directory does not take it over once more. Losing it costs
// that protection and nothing else.
func (a *app) movesFile(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return filepath.Join(a.stateDir(), "moved-"+hex.EncodeToString(sum[:8]))
}

// movedTo is the directory that has taken over an identity, "" for none.
func (a *app) movedTo(owner string) string {
	dir, err := os.ReadFile(a.movesFile(owner))
	if err != nil {
		return ""
	}
	return string(dir)
}

// rememberMove remembers that a directory has taken over an identity.
func (a *app) rememberMove(owner, dir string) {
	err := os.MkdirAll(a.stateDir(), 0o700)
	if err == nil {
		err = report.Save(a.movesFile(owner), []byte(dir))
	}
	if err != nil {
		a.remark("warning: that the project was taken over cannot be remembered: " + err.Error())
	}
}

// machineIDFile holds the identity of this machine where systemd or D-Bus is.
const machineIDFile = "/etc/machine-id"

// hostID identifies this machine: what its directories are called says nothing
// about those of another one. Containers share the machine's engine and not its
// name.
func hostID() string {
	id, _ := os.ReadFile(machineIDFile) // the name alone has to do without it
	name, _ := os.Hostname()
	sum := sha256.Sum256([]byte(strings.TrimSpace(string(id)) + "\n" + name))
	return hex.EncodeToString(sum[:8])
}
