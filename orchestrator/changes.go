package orchestrator

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// touch notes that there is news of a container; the caller holds the lock and
// announces it.
func (w *world) touch(s Sight) {
	w.news++
	w.touched[s.ID], w.latest[s.Service] = w.news, w.news
}

// again makes what is known of a container news to everybody.
func (w *world) again(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.sights[id]; ok {
		w.touch(s)
		w.announce()
	}
}

// newer returns the sights of a service, of all for "", that changed after the
// count given, by service and number; the present count; and a channel that is
// closed by the next change. The error is that the engine was lost.
func (w *world) newer(service string, than int) ([]Sight, int, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if service != "" && w.latest[service] <= than {
		return nil, w.news, w.changed, w.lost
	}
	var sights []Sight
	for id, news := range w.touched {
		if news <= than {
			continue
		}
		if s := w.sights[id]; service == "" || s.Service == service {
			sights = append(sights, s)
		}
	}
	slices.SortFunc(sights, func(a, b Sight) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
	})
	return sights, w.news, w.changed, w.lost
}

// watch hands look what changed of a service, of all for "", at once all that is
// known, and again all of it each time pace has passed: what is true of a container
// may depend on the time. So each change costs one look at what changed, however
// many containers there are. It ends when look says so, the engine is lost or ctx
// ends.
func (w *world) watch(ctx context.Context, service string, pace time.Duration, look func([]Sight) (bool, error)) error {
	due, than := time.Now(), 0
	for {
		all := !time.Now().Before(due)
		if all {
			than = 0
		}
		sights, news, changed, lost := w.newer(service, than)
		if lost != nil {
			return lost
		}
		if all || len(sights) > 0 {
			if done, err := look(sights); done || err != nil {
				return err
			}
		}
		than = news
		if all {
			due = time.Now().Add(pace) // a look may take long
		}
		if err := pause(ctx, time.Until(due), changed); err != nil {
			return err
		}
	}
}

// sight is what is known of one container.
func (w *world) sight(id string) (Sight, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sights[id]
	return s, ok
}
