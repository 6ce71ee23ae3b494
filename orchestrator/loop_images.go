package orchestrator

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// provisioning makes the images of a new state of the file, and those that
// went missing, and hands the project over when they are there.
func (l *loop) provisioning(ctx context.Context) {
	for ctx.Err() == nil {
		p, again := l.due(time.Now())
		if p == nil {
			_, changed := l.Snapshot()
			_ = pause(ctx, again, changed)
			continue
		}
		err := l.provision(ctx, l.platform(), p)
		if ctx.Err() != nil {
			return
		}
		l.provisioned(p, err)
	}
}

// platform is the engine that images are made for.
func (l *loop) platform() EngineInfo {
	if snapshot := l.latest.Load(); snapshot != nil && snapshot.Report.Engine.OS != "" {
		return snapshot.Report.Engine
	}
	return EngineInfo{}
}

// due is the project whose images are to be made now, nil for none, and when
// to ask again.
func (l *loop) due(now time.Time) (*compose.Project, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.retry) {
		return nil, l.retry.Sub(now)
	}
	if l.next != nil && !l.ready {
		return l.next, 0
	}
	snapshot := l.latest.Load()
	if snapshot != nil && slices.ContainsFunc(slices.Collect(maps.Values(snapshot.Decisions)), func(d Decision) bool { return d.LacksImage }) {
		return snapshot.Project, 0
	}
	return nil, provisionAgain
}

// provisioned notes how the making of images ended.
func (l *loop) provisioned(p *compose.Project, err error) {
	l.mu.Lock()
	l.retry = time.Now().Add(provisionAgain)
	if l.next == p && err == nil {
		l.ready, l.retry = true, time.Time{}
	}
	l.mu.Unlock()
	if err != nil {
		l.Trouble("image", "an image could not be made or fetched: "+err.Error())
		return
	}
	l.Trouble("image", "")
	l.intake.wake()
}

// takeNext is another state of the file whose images are there, nil for none.
func (l *loop) takeNext() *compose.Project {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil || !l.ready {
		return nil
	}
	p := l.next
	l.next, l.ready = nil, false
	return p
}
