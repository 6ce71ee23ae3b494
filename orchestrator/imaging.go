package orchestrator

import (
	"context"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
)

// FullEngine is what a run needs: containers and images.
type FullEngine interface {
	Engine
	images.Engine
}

// imageRef is the name of a service's image: the file's, or docker compose's
// name for an image that is only built.
func imageRef(p *compose.Project, s *compose.Service) string {
	if s.Image != "" {
		return s.Image
	}
	return p.Name + "-" + s.Name
}

// imageRequests are the needs of all services that have containers.
func imageRequests(p *compose.Project) []images.Request {
	var out []images.Request
	for _, name := range sortedKeys(p.Services) {
		s := p.Services[name]
		out = append(out, images.Request{
			Service: name, Ref: imageRef(p, s), Build: s.Build, Policy: s.PullPolicy, Platform: s.Platform,
			Place: func(key ...string) string { return p.Place(name, key...) },
		})
	}
	return out
}

// imageOptions fills in what the project and the engine say.
func imageOptions(o images.Options, p *compose.Project, info EngineInfo) images.Options {
	o.Environ, o.Secrets = p.Environment, p.Secrets
	if info.OS != "" && info.Arch != "" {
		o.EnginePlatform = info.OS + "/" + info.Arch
	}
	return o
}

// decideImages finds out what has to be built or pulled.
func (s *session) decideImages(ctx context.Context, engine images.Engine) ([]images.Need, error) {
	needs, err := images.Decide(ctx, engine, imageRequests(s.project), imageOptions(s.opts.Images, s.project, s.info))
	if err != nil {
		return nil, err
	}
	for _, n := range needs {
		for _, w := range n.Warnings {
			s.opts.Listen.tell(Progress{Service: first(n.Services), Target: n.Ref, Phase: PhaseWarning, Message: w})
		}
	}
	s.images = present(needs)
	return needs, nil
}

// ensureImages builds and pulls, and tells how it goes.
func (s *session) ensureImages(ctx context.Context, engine images.Engine, needs []images.Need) (map[string]images.Image, error) {
	return images.Ensure(ctx, engine, needs, imageOptions(s.opts.Images, s.project, s.info), func(p images.Progress) {
		s.opts.Listen.tell(imageProgress(p))
	})
}

// imageProgress is one step of an image as progress of the run.
func imageProgress(p images.Progress) Progress {
	out := Progress{
		Service: first(p.Services), Target: p.Ref, Message: p.Step, Current: p.Current, Total: p.Total, Took: p.Took,
	}
	if p.Line != "" {
		out.Message += ": " + p.Line
	}
	pulling := p.Kind == images.Pull
	switch {
	case p.Err != nil:
		out.Phase, out.Message = PhaseFailed, p.Err.Error()
	case p.Done && pulling:
		out.Phase = PhasePulled
	case p.Done:
		out.Phase = PhaseBuilt
	case pulling:
		out.Phase = PhasePulling
	default:
		out.Phase = PhaseBuilding
	}
	return out
}

// pending says whether anything has to be built or pulled.
func pending(needs []images.Need) bool {
	for _, n := range needs {
		if n.Action != images.None {
			return true
		}
	}
	return false
}

// present are the images that are there already, by service.
func present(needs []images.Need) map[string]images.Image {
	out := map[string]images.Image{}
	for _, n := range needs {
		if n.Action != images.None || n.Image == nil {
			continue
		}
		for _, service := range n.Services {
			out[service] = *n.Image
		}
	}
	return out
}

// planInput is what a plan is made from, with what is still to happen to the
// images.
func (s *session) planInput(observed Observed, needs []images.Need) PlanInput {
	in := PlanInput{Project: s.project, Observed: observed, Images: s.images, Pending: map[string]string{}, Options: s.opts.Plan,
		Absent: absentSources(s.project, observed.Engine)}
	for _, n := range needs {
		if n.Action == images.None {
			continue
		}
		for _, service := range n.Services {
			in.Pending[service] = "will be " + pastTense(n.Action) + " (" + n.Cause + ")"
		}
	}
	return in
}

func pastTense(a images.Action) string {
	switch a {
	case images.Pull:
		return "pulled"
	case images.Build:
		return "built"
	default:
		return "tagged"
	}
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// MakeImages makes sure of the images of all services of p, and of nothing
// else: what Up begins with. No container is touched.
func MakeImages(ctx context.Context, engine FullEngine, p *compose.Project, opts Options) error {
	s, err := provisioning(ctx, engine, p, opts)
	if err != nil {
		return err
	}
	needs, err := s.decideImages(ctx, engine)
	if err != nil {
		return err
	}
	_, err = s.ensureImages(ctx, engine, needs)
	return err
}
