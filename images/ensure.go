package images

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Ensure does what Decide found: it pulls and builds, several at once, and
// returns the image of each service as the engine itself describes it, by the
// ID that this very pull or build gave. The first failure ends the others and
// is the error, of class Image, with any further ones after it. When ctx ends,
// the error wraps its cause and has no class. report is never called twice at
// once; it may be nil.
func Ensure(ctx context.Context, engine Engine, needs []Need, opts Options, report func(Progress)) (map[string]Image, error) {
	w := &worker{
		engine:   engine,
		opts:     opts,
		reporter: newReporter(report),
		slots:    semaphore.NewWeighted(int64(opts.parallel())),
		done:     map[string]chan struct{}{},
		results:  map[string]Image{},
	}
	defer w.close()
	for _, need := range needs {
		w.done[need.Ref] = make(chan struct{})
	}
	group, inner := errgroup.WithContext(ctx)
	for i := range needs {
		need := &needs[i]
		group.Go(func() error { return w.meet(inner, need) })
	}
	_ = group.Wait() // the worker keeps all errors
	if ctx.Err() != nil {
		return nil, fmt.Errorf("make images ready: %w", context.Cause(ctx))
	}
	if err := w.failure(); err != nil {
		return nil, err
	}
	return w.byService(needs), nil
}

// worker meets needs.
type worker struct {
	engine   Engine
	opts     Options
	reporter *reporter
	slots    *semaphore.Weighted
	// done has a channel for each need, closed when its image is there.
	done map[string]chan struct{}

	mu      sync.Mutex
	results map[string]Image
	errs    []error
	builder *builder
}

// meet meets one need and records the outcome before anything that waits for
// it is let go.
func (w *worker) meet(ctx context.Context, need *Need) error {
	if need.Action == None && len(need.After) == 0 && need.Image != nil {
		w.finish(need, *need.Image)
		return nil
	}
	for _, ref := range need.After {
		done, ok := w.done[ref]
		if !ok {
			return w.fail(fault.New(fault.Internal, "image %s comes after %s, which is not to be made", need.Ref, ref))
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := w.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer w.slots.Release(1)
	report := w.reporter.forNeed(need)
	start := time.Now()
	image, err := w.act(ctx, need, report)
	if err != nil && ctx.Err() != nil && isCanceled(err) {
		report(Progress{Done: true, Err: ctx.Err(), Took: time.Since(start)})
		return err
	}
	report(Progress{Done: true, Err: err, Took: time.Since(start)})
	if err != nil {
		return w.fail(err)
	}
	w.finish(need, image)
	return nil
}

func (w *worker) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, err)
	return err
}

func (w *worker) finish(need *Need, image Image) {
	w.mu.Lock()
	w.results[need.Ref] = image
	w.mu.Unlock()
	close(w.done[need.Ref])
}

// act does what the need asks for and returns the image it led to.
func (w *worker) act(ctx context.Context, need *Need, report func(Progress)) (Image, error) {
	switch need.Action {
	case Pull:
		image, err := w.pull(ctx, need, report)
		if err == nil || !need.orBuild || ctx.Err() != nil || fault.ClassOf(err) == fault.Engine {
			return image, err
		}
		report(Progress{Kind: Pull, Line: safeLine("not pulled, building it instead: " + err.Error())})
		return w.build(ctx, need, report)
	case Build:
		return w.build(ctx, need, report)
	case Tag:
		return w.tag(ctx, need)
	default:
		return w.confirm(ctx, need, need.Ref)
	}
}

// result is the image a finished need led to.
func (w *worker) result(ref string) Image {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.results[ref]
}

// tag gives an image that is there its further names.
func (w *worker) tag(ctx context.Context, need *Need) (Image, error) {
	var source Image
	if need.From == need.Ref {
		source = *need.Image
	} else {
		source = w.result(need.From)
	}
	names := []string{need.Ref}
	if need.build != nil {
		names = append(names, need.build.config.Tags...)
	}
	for _, name := range names {
		if err := w.engine.TagImage(ctx, source.ID, name); err != nil {
			return Image{}, wrap(need, "tag", fmt.Errorf("name %s: %w", name, err))
		}
	}
	return w.confirm(ctx, need, source.ID)
}

// confirm asks the engine for the image and holds it against what is wanted.
func (w *worker) confirm(ctx context.Context, need *Need, ref string) (Image, error) {
	image, err := w.engine.InspectImage(ctx, ref)
	if err != nil {
		return Image{}, wrap(need, "confirm", fmt.Errorf("the engine does not have %s although it was to be there: %w", ref, err))
	}
	if !image.runsOn(need.platform) {
		return Image{}, wrap(need, "use", fmt.Errorf("it is for %s, wanted is %s", image.platform(), need.platform))
	}
	return image, nil
}

// wrap gives an error its class and says which image and services it is about.
// An error of the engine itself, or of the file, keeps its class.
func wrap(need *Need, verb string, err error) error {
	err = fmt.Errorf("%s image %s (%s): %w", verb, need.Ref, serviceNames(need.Services), err)
	if class := fault.ClassOf(err); class == fault.Engine || class == fault.Config {
		return err
	}
	out := fault.New(fault.Image, "%w", err)
	if fault.HintOf(err) == "" {
		out = out.WithHint("%s", hintFor(err))
	}
	return out
}

// failure is the first error, with the others after it.
func (w *worker) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) < 2 {
		return errors.Join(w.errs...)
	}
	return fault.New(fault.ClassOf(w.errs[0]), "%w", errors.Join(w.errs...))
}

// byService spreads the images over the services.
func (w *worker) byService(needs []Need) map[string]Image {
	out := map[string]Image{}
	for _, need := range needs {
		for _, service := range need.Services {
			out[service] = w.results[need.Ref]
		}
	}
	return out
}

func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.builder != nil {
		w.builder.close()
	}
}

// names are all names that a built image gets.
func (n *Need) names() []string {
	out := append([]string{n.Ref}, n.build.config.Tags...)
	slices.Sort(out[1:])
	return slices.Compact(out)
}
