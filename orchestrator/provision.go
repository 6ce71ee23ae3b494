package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// Provision is what came of one image.
type Provision struct {
	// Services are those that use it, sorted; Ref is its name.
	Services []string
	Ref      string
	// Action is what was done, Cause why.
	Action images.Action
	Cause  string
	// Before is the ID that the name had, "" for none; After is the one it
	// has now, "" when it could not be had, and Err is why then.
	Before, After string
	Err           error
}

// Build builds the images of the named services of p, all when names is
// empty, and whatever they are built from, each whether or not its inputs
// changed; the builder's cache makes that cheap. Services without a build
// section are left out. opts.Images.Build is not looked at. No container is
// touched.
func Build(ctx context.Context, engine FullEngine, p *compose.Project, names []string, opts Options) ([]Provision, error) {
	opts.Images.Build = images.BuildAlways
	s, err := provisioning(ctx, engine, p, opts)
	if err != nil {
		return nil, err
	}
	needs, err := s.decideThese(ctx, engine, buildRequests(p))
	if err != nil {
		return nil, err
	}
	return s.provide(ctx, engine, withSources(needs, names))
}

// Pull pulls the images of the named services of p, all when names is empty,
// and nothing of what they depend on. Those whose pull_policy is never or
// build are left out; those with missing or if_not_present only when they are
// there, unless opts.Images.Pull says otherwise. An image that could be built
// and not be pulled is no failure of the whole: its Provision has the error.
// No container is touched.
func Pull(ctx context.Context, engine FullEngine, p *compose.Project, names []string, opts Options) ([]Provision, error) {
	s, err := provisioning(ctx, engine, p, opts)
	if err != nil {
		return nil, err
	}
	var pulled, buildable []images.Request
	for _, r := range imageRequests(p) {
		switch named := len(names) == 0 || slices.Contains(names, r.Service); {
		case !named || !pullable(p.Services[r.Service], opts.Images.Pull):
		case r.Build != nil:
			buildable = append(buildable, pullRequest(r, opts.Images.Pull))
		default:
			pulled = append(pulled, pullRequest(r, opts.Images.Pull))
		}
	}
	needs, err := s.decideThese(ctx, engine, pulled)
	if err != nil {
		return nil, err
	}
	out, err := s.provide(ctx, engine, needs)
	if err != nil {
		return nil, err
	}
	more, err := s.pullBuildable(ctx, engine, buildable)
	return append(out, more...), err
}

// buildRequests are those of the services with a build section and of those
// that they are built from.
func buildRequests(p *compose.Project) []images.Request {
	built := slices.DeleteFunc(p.ServiceNames(), func(name string) bool { return p.Services[name].Build == nil })
	sources := Sources(p, built)
	return slices.DeleteFunc(imageRequests(p), func(r images.Request) bool { return !slices.Contains(sources, r.Service) })
}

// provisioning is a session that makes images and nothing else.
func provisioning(ctx context.Context, engine FullEngine, p *compose.Project, opts Options) (*session, error) {
	info, err := engine.Info(ctx)
	if err != nil {
		return nil, err
	}
	return newSession(engine, info, p, opts), nil
}

// decideThese is decideImages for a choice of requests.
func (s *session) decideThese(ctx context.Context, engine images.Engine, requests []images.Request) ([]images.Need, error) {
	needs, err := images.Decide(ctx, engine, requests, imageOptions(s.opts.Images, s.project, s.info))
	if err != nil {
		return nil, err
	}
	for _, n := range needs {
		for _, w := range n.Warnings {
			s.opts.Listen.tell(Progress{Service: first(n.Services), Target: n.Ref, Phase: PhaseWarning, Message: w})
		}
	}
	return needs, nil
}

// provide does what the needs ask for.
func (s *session) provide(ctx context.Context, engine FullEngine, needs []images.Need) ([]Provision, error) {
	got, err := s.ensureImages(ctx, engine, needs)
	if err != nil {
		return nil, err
	}
	out := make([]Provision, 0, len(needs))
	for _, n := range needs {
		p := provisionOf(n)
		p.After = got[first(n.Services)].ID
		out = append(out, p)
	}
	return out, nil
}

func provisionOf(n images.Need) Provision {
	p := Provision{Services: n.Services, Ref: n.Ref, Action: n.Action, Cause: n.Cause}
	if n.Image != nil {
		p.Before = n.Image.ID
	}
	return p
}

// pullBuildable tries images that could be built as well, each by itself.
func (s *session) pullBuildable(ctx context.Context, engine FullEngine, requests []images.Request) ([]Provision, error) {
	needs, err := s.decideThese(ctx, engine, requests)
	if err != nil {
		return nil, err
	}
	var out []Provision
	for _, need := range needs {
		done, err := s.provide(ctx, engine, []images.Need{need})
		switch {
		case err == nil:
			out = append(out, done...)
		case ctx.Err() != nil || fault.ClassOf(err) == fault.Engine:
			return out, err
		default:
			failed := provisionOf(need)
			failed.Err = fmt.Errorf("%s is not to be had and has to be built: %w", need.Ref, err)
			out = append(out, failed)
		}
	}
	return out, nil
}

// pullable says whether a service's image is to come from elsewhere: one that
// has no name of its own only exists here.
func pullable(s *compose.Service, mode images.PullMode) bool {
	forbidden := s.PullPolicy == "never" || s.PullPolicy == "build"
	return s.Image != "" && (mode != images.PullDefault || !forbidden)
}

// pullRequest is a request that asks for a pull: a file's policy says when up
// pulls; who says pull wants what is new now, except where the file is content
// with any image.
func pullRequest(r images.Request, mode images.PullMode) images.Request {
	r.Build = nil
	if mode == images.PullDefault && r.Policy != "missing" && r.Policy != "if_not_present" {
		r.Policy = "always"
	}
	return r
}

// withSources are the needs of the named services, all when names is empty,
// with those they are made from.
func withSources(needs []images.Need, names []string) []images.Need {
	byRef := map[string]images.Need{}
	for _, n := range needs {
		byRef[n.Ref] = n
	}
	wanted := map[string]bool{}
	var want func(n images.Need)
	want = func(n images.Need) {
		if wanted[n.Ref] {
			return
		}
		wanted[n.Ref] = true
		for _, ref := range append(slices.Clone(n.After), n.From) {
			if source, ok := byRef[ref]; ok {
				want(source)
			}
		}
	}
	for _, n := range needs {
		if len(names) == 0 || slices.ContainsFunc(n.Services, func(s string) bool { return slices.Contains(names, s) }) {
			want(n)
		}
	}
	return slices.DeleteFunc(slices.Clone(needs), func(n images.Need) bool { return !wanted[n.Ref] })
}

// Sources are the named services of p with those whose images theirs are
// built from as additional contexts, sorted.
func Sources(p *compose.Project, names []string) []string {
	var out []string
	var want func(name string)
	want = func(name string) {
		s, ok := p.Services[name]
		if !ok || slices.Contains(out, name) {
			return
		}
		out = append(out, name)
		if s.Build == nil {
			return
		}
		for _, source := range s.Build.AdditionalContexts {
			if other, ok := strings.CutPrefix(source, "service:"); ok {
				want(other)
			}
		}
	}
	for _, name := range names {
		want(name)
	}
	slices.Sort(out)
	return out
}
