package images

import (
	"context"
	"fmt"
	"maps"
)

// build makes an image and confirms that the engine has what this very build
// made.
func (w *worker) build(ctx context.Context, need *Need, report func(Progress)) (Image, error) {
	send := func(p Progress) { p.Kind = Build; report(p) }
	r := need.build.settled(w.result)
	if need.recheck && need.Image != nil && r.parts.difference(need.Image.Labels) == "" && len(missingTags(need)) == 0 {
		return w.confirm(ctx, need, need.Image.ID)
	}
	id, err := w.run(ctx, need, r, send)
	if err != nil {
		if ctx.Err() != nil && isCanceled(err) {
			return Image{}, ctx.Err()
		}
		return Image{}, wrap(need, "build", safeError(err))
	}
	image, err := w.confirm(ctx, need, id)
	if err != nil {
		return Image{}, err
	}
	if made := image.Labels[InputsLabel]; made != r.parts.digest() {
		return Image{}, wrap(need, "build", fmt.Errorf("the engine has something else under %s than what was built", id))
	}
	return image, nil
}

// run gives the recipe to the engine's builder.
func (w *worker) run(ctx context.Context, need *Need, r *recipe, report func(Progress)) (string, error) {
	if !w.engine.HasBuildKit(ctx) {
		return w.runClassic(ctx, need, r, report)
	}
	b, err := w.connect(ctx)
	if err != nil {
		return "", err
	}
	warnings, err := b.check(r)
	if err != nil {
		return "", err
	}
	for _, warning := range warnings {
		report(Progress{Line: "warning: " + warning})
	}
	opt, release, err := b.options(r, need.names(), w.opts)
	if err != nil {
		return "", err
	}
	defer release()
	return b.solve(ctx, opt, newWatcher(report))
}

// settled is the recipe with the base images that this run made.
func (r *recipe) settled(result func(ref string) Image) *recipe {
	out := *r
	out.parts = maps.Clone(r.parts)
	for ref, need := range r.later {
		out.setBase(ref, result(need).ID)
	}
	return &out
}
