package images

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/stackctl/stackctl/internal/fault"
)

// Decide says what is to be done for each image that the requests name, sorted
// by name. It reads files and asks the engine, and changes nothing. A service
// whose image is an additional context of another's build must be among the
// requests. Everything that is wrong with the requests is one error of class Config; an image that
// may neither be pulled nor built is one of class Image.
func Decide(ctx context.Context, engine Engine, requests []Request, opts Options) ([]Need, error) {
	wants, err := gather(requests)
	if err != nil {
		return nil, fault.New(fault.Config, "%w", err)
	}
	d := &decider{
		engine: engine,
		opts:   opts,
		now:    time.Now(),
		book:   &cookbook{opts: opts, scans: map[string]scan{}, refs: map[string]string{}},
		wants:  map[string]*want{},
		needs:  map[string]*Need{},
		images: map[string]*Image{},
	}
	for _, request := range requests {
		d.book.refs[request.Service] = request.Ref
	}
	for _, w := range wants {
		d.wants[w.key] = w
	}
	return d.decideAll(ctx, wants)
}

// decider holds what is learnt on the way.
type decider struct {
	engine Engine
	opts   Options
	now    time.Time
	book   *cookbook
	wants  map[string]*want
	// needs are those decided, by key.
	needs map[string]*Need
	// images are the engine's, by key; nil for one it does not have.
	images map[string]*Image
	// path are the keys being decided, to find circles.
	path []string
}

func (d *decider) decideAll(ctx context.Context, wants []*want) ([]Need, error) {
	var wrong []error
	for _, w := range wants {
		err := d.decide(ctx, w)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("look at images: %w", context.Cause(ctx))
		}
		if fault.ClassOf(err) == fault.Engine {
			return nil, err
		}
		if err != nil && !errors.Is(err, errTold) {
			wrong = append(wrong, w.request.fault(serviceNames(w.services), err))
		}
	}
	if len(wrong) > 0 {
		return nil, joinClass(wrong)
	}
	var out []Need
	for _, w := range wants {
		out = append(out, *d.needs[w.key])
	}
	shareBuilds(out)
	return out, nil
}

var (
	// errTold stands for an error of another image that is reported there.
	errTold   = errors.New("reported with another image")
	errCircle = errors.New("images are built from each other in a circle")
)

// joinClass makes one error of many. Mistakes of the file come first: they are
// what has to be mended before anything else counts.
func joinClass(wrong []error) error {
	class := fault.ClassOf(wrong[0])
	for _, err := range wrong {
		if fault.ClassOf(err) == fault.Config {
			class = fault.Config
		}
	}
	out := fault.New(class, "%w", errors.Join(wrong...))
	if len(wrong) == 1 {
		out = fault.New(class, "%w", wrong[0])
	}
	return out
}

// decide settles one image, after those it is built from.
func (d *decider) decide(ctx context.Context, w *want) error {
	if _, done := d.needs[w.key]; done {
		return nil
	}
	if slices.Contains(d.path, w.key) {
		return fault.New(fault.Config, "%w: %s", errCircle, strings.Join(append(d.path, w.key), " from "))
	}
	d.path = append(d.path, w.key)
	defer func() { d.path = d.path[:len(d.path)-1] }()

	have, err := d.look(ctx, w.key, w.ref)
	if err != nil {
		return err
	}
	need := &Need{Services: w.services, Ref: w.ref, Image: have, platform: w.platform}
	f := facts{want: w, have: have, build: d.opts.Build, pull: d.opts.Pull, now: d.now}
	if w.request.Build != nil {
		if err := d.resolveBuild(ctx, w, need, &f); err != nil {
			return err
		}
	}
	made, err := choose(f)
	if err != nil {
		return err
	}
	need.Action, need.Cause = made.action, made.cause
	need.orBuild, need.forced = made.orBuild, made.forced
	// A changing base alone may turn out to be the same as before.
	need.recheck = made.action == Build && f.changing != ""
	if need.Action == None && need.build != nil && len(missingTags(need)) > 0 {
		need.Action, need.From, need.Cause = Tag, need.Ref, "build.tags: "+strings.Join(missingTags(need), ", ")
	}
	d.needs[w.key] = need
	return nil
}

// resolveBuild makes the recipe and finds what its images are now.
func (d *decider) resolveBuild(ctx context.Context, w *want, need *Need, f *facts) error {
	r, err := d.book.recipe(ctx, w.request)
	if err != nil && d.opts.Build == BuildNever {
		return nil // a machine that only runs images need not have their sources
	}
	if err != nil {
		return fault.New(fault.Config, "%w", err)
	}
	need.build, need.platform = r, r.platform
	f.unpinned = r.unpinned()
	for _, ref := range r.images() {
		if err := d.resolveBase(ctx, w, need, f, ref); err != nil {
			return err
		}
	}
	need.InputDigest = r.parts.digest()
	if need.Image != nil {
		f.difference = r.parts.difference(need.Image.Labels)
	}
	if f.changing != "" {
		// Known to differ only when the base is there.
		f.difference = ""
	}
	need.Warnings = r.warnings
	return nil
}

// resolveBase adds one base image to the inputs: its ID where the engine has
// it, and the order of work where this run makes or pulls it.
func (d *decider) resolveBase(ctx context.Context, w *want, need *Need, f *facts, ref string) error {
	key, err := imageKey(ref)
	if err != nil {
		return fault.New(fault.Config, "%w", err)
	}
	if key == w.key {
		return nil // built from its own former self: its ID would never settle
	}
	other, ours := d.wants[key]
	if !ours {
		have, err := d.look(ctx, key, ref)
		if have != nil {
			need.build.setBase(ref, have.ID)
		}
		return err
	}
	if err := d.decide(ctx, other); errors.Is(err, errCircle) || fault.ClassOf(err) == fault.Engine {
		return err
	} else if err != nil {
		return errTold
	}
	base := d.needs[key]
	if base.Action == None {
		need.build.setBase(ref, base.Image.ID)
		return nil
	}
	need.After = append(need.After, base.Ref)
	if need.build.later == nil {
		need.build.later = map[string]string{}
	}
	need.build.later[ref] = base.Ref
	f.changing = ref
	return nil
}

// look returns what the engine has under a name, nil when nothing.
func (d *decider) look(ctx context.Context, key, ref string) (*Image, error) {
	if have, known := d.images[key]; known {
		return have, nil
	}
	have, err := d.engine.InspectImage(ctx, ref)
	switch {
	case errdefs.IsNotFound(err):
		d.images[key] = nil
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look at image %s: %w", ref, err)
	}
	d.images[key] = &have
	return &have, nil
}

// setBase adds the ID of a base image to the inputs.
func (r *recipe) setBase(ref, id string) {
	r.parts["base image "+ref] = digest.FromString(id)
}

// missingTags are the further names of a build that its image does not have.
func missingTags(need *Need) []string {
	var out []string
	for _, tag := range need.build.config.Tags {
		key, err := imageKey(tag)
		if err != nil || need.Image == nil {
			continue
		}
		has := slices.ContainsFunc(need.Image.Tags, func(name string) bool {
			other, err := imageKey(name)
			return err == nil && other == key
		})
		if !has {
			out = append(out, tag)
		}
	}
	return out
}

func serviceNames(services []string) string {
	if len(services) == 1 {
		return "service " + services[0]
	}
	return "services " + strings.Join(services, ", ")
}
