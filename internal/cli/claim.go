package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// takeOver is claim for what changes the project: what it takes over is said.
func (a *app) takeOver(ctx context.Context, e engine, p *compose.Project) (*compose.Project, error) {
	mine, taken, err := a.claimed(ctx, e, p)
	if taken != "" {
		a.remark("note: " + taken)
	}
	return mine, err
}

// claim is the project under the identity of what the engine has of it.
func (a *app) claim(ctx context.Context, e engine, p *compose.Project) (*compose.Project, error) {
	mine, _, err := a.claimed(ctx, e, p)
	return mine, err
}

// claimed is the project under the identity of what the engine has of it, see
// orchestrator.Decide. The error says that another directory's stack has its
// name; its hint is this command, taking that over.
func (a *app) claimed(ctx context.Context, e engine, p *compose.Project) (mine *compose.Project, taken string, err error) {
	info, err := e.Info(ctx)
	if err != nil {
		return nil, "", err
	}
	origins, err := e.Origins(ctx, p.Name)
	if err != nil {
		return nil, "", err
	}
	here := *p
	here.Host = hostID()
	claim, err := orchestrator.Decide(&here, origins, orchestrator.NewHere(info, a.global.adopt))
	if err != nil {
		return nil, "", fault.New(fault.ClassOf(err), "%w", err).
			WithHint("%s", strings.Replace(a.command, "stackctl", "stackctl --adopt", 1))
	}
	return claim.Project, claim.Taken, nil
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
