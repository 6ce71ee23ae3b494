package images

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/fault"
)

// The waits between attempts of a pull. A registry that counts requests is
// asked once more only, since each attempt counts.
const (
	firstRetry = 500 * time.Millisecond
	nextRetry  = 2 * time.Second
	limitRetry = 5 * time.Second
)

// reportEvery bounds how often bytes are reported.
const reportEvery = 100 * time.Millisecond

// pull pulls an image, again when the failure may pass, and confirms it.
func (w *worker) pull(ctx context.Context, need *Need, report func(Progress)) (Image, error) {
	for attempt := 0; ; attempt++ {
		meter := newMeter(func(p Progress) { p.Kind = Pull; report(p) })
		err := w.engine.PullImage(ctx, need.Ref, need.platform, meter.step)
		if err == nil {
			return w.confirmPull(ctx, need)
		}
		if ctx.Err() != nil && isCanceled(err) {
			return Image{}, ctx.Err()
		}
		wait := retryAfter(err, attempt)
		if wait == 0 {
			return Image{}, wrap(need, "pull", otherPlatform(need, pullError(err, attempt)))
		}
		report(Progress{Kind: Pull, Step: "waiting to try again", Line: safeLine(err.Error())})
		if err := pause(ctx, wait); err != nil {
			return Image{}, err
		}
	}
}

// otherPlatform says with a failed pull that the image is there, for another
// platform than the one that is wanted.
func otherPlatform(need *Need, err error) error {
	if need.Image == nil || need.Image.runsOn(need.platform) {
		return err
	}
	return fmt.Errorf("the engine has it for %s, wanted is %s: %w", need.Image.platform(), need.platform, err)
}

// confirmPull looks the name up once and then holds on to the ID it meant.
func (w *worker) confirmPull(ctx context.Context, need *Need) (Image, error) {
	image, err := w.confirm(ctx, need, need.Ref)
	if err != nil {
		return Image{}, err
	}
	return w.confirm(ctx, need, image.ID)
}

// pullError is the sentence about a pull that failed for good.
func pullError(err error, attempt int) error {
	if attempt == 0 {
		return safeError(err)
	}
	return fmt.Errorf("%w, after %d attempts", safeError(err), attempt+1)
}

// retryAfter decides whether a pull is tried again: it returns the wait before
// the next attempt, 0 for none. attempt counts those before this one.
func retryAfter(err error, attempt int) time.Duration {
	switch {
	case fault.ClassOf(err) == fault.Engine, errors.Is(err, context.Canceled):
		return 0
	case isRateLimit(err):
		if attempt == 0 {
			return limitRetry
		}
		return 0
	case isFinal(err):
		return 0
	case attempt == 0:
		return firstRetry
	case attempt == 1:
		return nextRetry
	default:
		return 0
	}
}

// isFinal says whether the registry gave an answer that another attempt will
// not change. Engines pass on some answers as text alone.
func isFinal(err error) bool {
	if errdefs.IsNotFound(err) || errdefs.IsUnauthorized(err) || errdefs.IsPermissionDenied(err) || errdefs.IsInvalidArgument(err) {
		return true
	}
	return containsAny(err, "manifest unknown", "not found", "denied", "unauthorized", "no matching manifest",
		"invalid reference", "no space left", "authentication required", "no basic auth credentials", "x509:")
}

func isRateLimit(err error) bool {
	return errdefs.IsResourceExhausted(err) || containsAny(err, "toomanyrequests", "too many requests", "rate limit")
}

func containsAny(err error, words ...string) bool {
	text := strings.ToLower(err.Error())
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// pause waits, or returns the error of ctx when that ends first.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// meter adds up the layers of a pull.
type meter struct {
	report func(Progress)
	layers map[string]PullProgress
	last   time.Time
	phase  string
}

func newMeter(report func(Progress)) *meter {
	return &meter{report: report, layers: map[string]PullProgress{}}
}

// step takes in one event of the engine and reports the sum, now and then.
func (m *meter) step(p PullProgress) {
	if p.Layer == "" {
		return
	}
	m.layers[p.Layer] = m.merge(p)
	sum := m.sum()
	if now := time.Now(); sum.Step != m.phase || now.Sub(m.last) >= reportEvery {
		m.phase, m.last = sum.Step, now
		m.report(sum)
	}
}

// merge keeps the size of a layer when later events leave it out: a layer that
// is complete says no sizes, one that is extracted counts from the start.
func (m *meter) merge(p PullProgress) PullProgress {
	old := m.layers[p.Layer]
	if p.Status == "Downloading" {
		return p
	}
	p.Current, p.Total = old.Total, old.Total
	return p
}

func (m *meter) sum() Progress {
	out := Progress{Step: "extracting"}
	for _, layer := range m.layers {
		out.Current += layer.Current
		out.Total += layer.Total
		switch layer.Status {
		case "Pulling fs layer", "Waiting", "Downloading":
			out.Step = "downloading"
		}
	}
	return out
}
