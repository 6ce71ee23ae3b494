package orchestrator

import (
	"context"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
)

// Preview is what an Up would do, as far as it can be known beforehand.
type Preview struct {
	Engine EngineInfo
	// Images are the needs of the services; those of action None are there.
	Images []images.Need
	Plan   Plan
	// Holders are the host ports that running containers publish.
	Holders []PortHolder
}

// Changes says whether an Up would change anything.
func (p Preview) Changes() bool { return p.Plan.Changes() > 0 || pending(p.Images) }

// MakePreview decides what an Up would do and does none of it.
func MakePreview(ctx context.Context, engine FullEngine, p *compose.Project, opts Options) (Preview, error) {
	info, err := engine.Info(ctx)
	if err != nil {
		return Preview{}, err
	}
	s := newSession(engine, info, p, opts)
	needs, err := s.decideImages(ctx, engine)
	if err != nil {
		return Preview{Engine: info}, err
	}
	observed, err := s.engine.Observe(ctx, s.scope())
	if err != nil {
		return Preview{Engine: info, Images: needs}, err
	}
	plan, err := MakePlan(s.planInput(observed, needs))
	return Preview{Engine: info, Images: needs, Plan: plan, Holders: observed.Holders}, err
}

// BusyPorts are the host ports that an Up would want and that a process of
// this host holds, as errors of class Resource.
func BusyPorts(ctx context.Context, p *compose.Project, preview Preview, outside Outside) error {
	return freePorts(ctx, outside, preview.Engine, preview.Plan.WantedPorts(p), preview.Holders)
}
