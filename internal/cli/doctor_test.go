package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/docker"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// Machine is that of a host without limits of memory.
func (e *scripted) Machine(context.Context) (docker.Machine, error) {
	return docker.Machine{Root: "/nonexistent", CPU: true, Pids: true, BuildKit: true}, nil
}

// FreeNetworks has room for nine.
func (e *scripted) FreeNetworks(context.Context) (free int, known bool, err error) {
	return 9, true, nil
}

// Offered knows every image but shop/none.
func (e *scripted) Offered(_ context.Context, ref string) error {
	if ref == "shop/none" {
		return fault.New(fault.Image, "shop/none: manifest unknown")
	}
	return nil
}

func TestTheDoctorLooksAtEverythingAndChangesNothing(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "doctor")
	for _, words := range []string{"✔ compose file     shop with 2 services", "✔ published ports", "✔ engine", "✔ clock", "· disk", "! limits", "→ enable these", "✔ plan", "✔ lock"} {
		if !strings.Contains(p.out.String(), words) {
			t.Errorf("no %q in\n%s", words, p.out.String())
		}
	}
}

func TestTheDoctorsExitCodeIsThatOfWhatIsNotFit(t *testing.T) {
	p := newProgram(t, shop)
	p.ops.preview = func(_ context.Context, _ orchestrator.FullEngine, _ *compose.Project, _ orchestrator.Options) (orchestrator.Preview, error) {
		return orchestrator.Preview{Images: []images.Need{{Ref: "shop/none", Action: images.Pull}, {Ref: "shop/web", Action: images.Pull}}}, nil
	}
	p.expect(t, 5, "doctor -o json", "✖ not fit: images", "exit 5 (image)")
	var d struct {
		Fit      bool `json:"fit"`
		ExitCode int  `json:"exit_code"`
	}
	if err := json.Unmarshal([]byte(p.out.String()), &d); err != nil || d.Fit || d.ExitCode != 5 {
		t.Errorf("%+v, %v", d, err)
	}
	p.ops.connect = func(context.Context, docker.Options) (engine, error) {
		return nil, fault.New(fault.Engine, "not there")
	}
	p.expect(t, 4, "doctor", "✖ not fit: engine")
	broken := newProgram(t, "services: {web: {}}")
	broken.expect(t, 3, "doctor", "not fit: compose file")
}

func TestTheDoctorNeedsNoFile(t *testing.T) {
	p := newProgram(t, shop)
	if err := os.Remove("compose.yaml"); err != nil {
		t.Fatal(err)
	}
	p.expect(t, 0, "doctor")
	if !strings.Contains(p.out.String(), "· compose file") || strings.Contains(p.out.String(), "plan") {
		t.Errorf("got\n%s", p.out.String())
	}
	p.expect(t, 3, "doctor -f other.yaml", "not fit: compose file")
}

func TestADoctorThatIsInterruptedGivesNoVerdict(t *testing.T) {
	p := newProgram(t, shop)
	ctx, cancel := context.WithCancelCause(t.Context())
	p.ops.preview = func(ctx context.Context, _ orchestrator.FullEngine, _ *compose.Project, _ orchestrator.Options) (orchestrator.Preview, error) {
		cancel(signalled(os.Interrupt))
		<-ctx.Done()
		return orchestrator.Preview{}, errors.New("interrupted")
	}
	if code := p.run(ctx, "doctor"); code != 130 || p.out.String() != "" {
		t.Errorf("%d: %s", code, p.out.String())
	}
}
