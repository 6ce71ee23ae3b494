package orchestrator

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/containerd/errdefs"
)

// glanceAge is how old the last look at everything may be for a glance to do:
// as old as a probe may be late, less a second.
const glanceAge = 4 * time.Second

// glance is a look at those containers that events tell of; what is known of all
// the rest is from the last look at everything. Such a look costs one call for
// each container and not four for each service, so that a death is seen at once
// on an engine that is busy too. A look at everything follows soon.
func (l *loop) glance(ctx context.Context, ids []string) (Observed, bool) {
	if len(ids) == 0 || time.Since(l.looked) > glanceAge {
		return Observed{}, false
	}
	for _, id := range ids {
		if !slices.ContainsFunc(l.observed.Containers, func(c Container) bool { return c.ID == id }) {
			return Observed{}, false // one that is new
		}
	}
	var mu sync.Mutex
	found := map[string]Container{}
	whole := true
	each(len(ids), looks, func(i int) {
		c, err := l.session.engine.Inspect(ctx, ids[i])
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			found[c.ID] = c
		case !errdefs.IsNotFound(err):
			whole = false
		}
	})
	if !whole || ctx.Err() != nil {
		return Observed{}, false
	}
	return l.observed.with(ids, found), true
}

// with is a snapshot in which the containers of these IDs, and the host ports
// that they hold, are as they were found, and gone where they were not.
func (o Observed) with(ids []string, found map[string]Container) Observed {
	o.At = time.Now()
	o.Holders = slices.DeleteFunc(slices.Clone(o.Holders), func(h PortHolder) bool { return slices.Contains(ids, h.ContainerID) })
	for _, c := range found {
		for _, port := range c.Published {
			if port.Host != 0 {
				o.Holders = append(o.Holders, PortHolder{Port: port, ContainerID: c.ID, Container: c.Name, Project: c.Project})
			}
		}
	}
	kept := make([]Container, 0, len(o.Containers))
	for _, c := range o.Containers {
		now, ok := found[c.ID]
		switch {
		case ok:
			kept = append(kept, now)
		case !slices.Contains(ids, c.ID):
			kept = append(kept, c)
		}
	}
	o.Containers = kept
	return o
}
