package orchestrator

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// workLimit bounds one piece of work of the crew: a stop may take the stop
// time of its service.
const workLimit = 10 * time.Minute

// crew carries out what passes decide, each independent part of a plan on its
// own, so that a slow stop of one service keeps nobody else waiting. While it
// is at work the project's lock is held.
type crew struct {
	*Supervisor
	group sync.WaitGroup

	at sync.Mutex
	// services are those at work on, with the number of parts.
	services map[string]int
	// failed are the errors of the last piece of work on each service.
	failed map[string]error
	// holders counts who relies on the lock; release gives it up.
	holders int
	release func()
}

func newCrew(s *Supervisor) *crew {
	return &crew{Supervisor: s, services: map[string]int{}, failed: map[string]error{}}
}

// busy are the services that are worked on now.
func (c *crew) busy() map[string]bool {
	c.at.Lock()
	defer c.at.Unlock()
	out := map[string]bool{}
	for name := range c.services {
		out[name] = true
	}
	return out
}

// failures are why the last work on services failed.
func (c *crew) failures() map[string]error {
	c.at.Lock()
	defer c.at.Unlock()
	return maps.Clone(c.failed)
}

// hold takes the project's lock, or shares it with the work under way.
func (c *crew) hold(ctx context.Context) (func(), error) {
	c.at.Lock()
	defer c.at.Unlock()
	if c.holders == 0 && c.opts.Hold != nil {
		release, err := c.opts.Hold(ctx)
		if err != nil {
			return nil, err
		}
		c.release = release
	}
	c.holders++
	return c.letGo, nil
}

func (c *crew) letGo() {
	c.at.Lock()
	defer c.at.Unlock()
	if c.holders--; c.holders == 0 && c.release != nil {
		c.release()
		c.release = nil
	}
}

// launch sets to work on a plan. The caller holds the lock.
func (c *crew) launch(s *session, plan Plan) {
	for _, part := range parts(plan) {
		c.begin(part)
		c.group.Go(func() {
			err := guarded(func() error { return c.perform(s, part) })
			c.end(part, err)
		})
	}
}

// begin marks the services of a part as worked on.
func (c *crew) begin(part Plan) {
	c.at.Lock()
	defer c.at.Unlock()
	c.holders++
	for _, name := range servicesOf(part) {
		c.services[name]++
		delete(c.failed, name)
	}
}

// end marks them as done, and has the supervisor look.
func (c *crew) end(part Plan, err error) {
	c.at.Lock()
	for _, name := range servicesOf(part) {
		if c.services[name]--; c.services[name] == 0 {
			delete(c.services, name)
		}
	}
	c.at.Unlock()
	c.letGo()
	if err != nil {
		c.engineErrors.Add(1)
		c.opts.Log.Info().Err(err).Strs("services", servicesOf(part)).Msg("not done")
	}
	c.intake.wake()
}

// perform carries out one part. It goes on when the supervisor is told to
// end: a container that was stopped to be started again has to be started.
func (c *crew) perform(s *session, part Plan) error {
	ctx, cancel := context.WithTimeout(context.Background(), workLimit)
	defer cancel()
	failures := map[string]error{}
	x := &executor{
		engine: s.engine, project: s.project, world: s.world, waits: s.wait, listen: s.opts.Listen,
		members: newMembers(part), timings: newTimings(time.Now()),
		made: map[string]string{}, failures: failures,
	}
	err := x.execute(ctx, part)
	c.at.Lock()
	defer c.at.Unlock()
	maps.Copy(c.failed, failures)
	return err
}

// wait waits for all work to end.
func (c *crew) wait() { c.group.Wait() }

// servicesOf are the services that a plan does something about.
func servicesOf(plan Plan) []string {
	var names []string
	for _, a := range plan.Actions {
		if !a.Wait() && a.Service != "" {
			names = append(names, a.Service)
		}
	}
	return compact(names)
}

// parts splits a plan into those that have nothing to do with each other.
func parts(plan Plan) []Plan {
	root := map[string]string{}
	var find func(id string) string
	find = func(id string) string {
		if root[id] == id {
			return id
		}
		root[id] = find(root[id])
		return root[id]
	}
	first := map[string]string{}
	for _, a := range plan.Actions {
		root[a.ID] = a.ID
	}
	for _, a := range plan.Actions {
		for _, dep := range a.DependsOn {
			root[find(a.ID)] = find(dep)
		}
		// The actions of one service stay together.
		if other, ok := first[a.Service]; ok && a.Service != "" {
			root[find(a.ID)] = find(other)
		}
		first[a.Service] = a.ID
	}
	byRoot := map[string]*Plan{}
	var order []string
	for _, a := range plan.Actions {
		r := find(a.ID)
		if byRoot[r] == nil {
			byRoot[r] = &Plan{}
			order = append(order, r)
		}
		byRoot[r].Actions = append(byRoot[r].Actions, a)
	}
	var out []Plan
	for _, r := range order {
		if slices.ContainsFunc(byRoot[r].Actions, func(a Action) bool { return !a.Wait() }) {
			out = append(out, *byRoot[r])
		}
	}
	return out
}
