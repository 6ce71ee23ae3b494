package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

// sharedKind is what a container shares with another one.
type sharedKind string

// The namespaces a container can join, and the volumes it can take over.
const (
	sharedNetwork sharedKind = "network namespace"
	sharedIPC     sharedKind = "IPC namespace"
	sharedPID     sharedKind = "PID namespace"
	sharedVolumes sharedKind = "volumes"
)

// sharedWith is one thing that a container shares with a peer: with another
// service of the file, or with a container that the file names.
type sharedWith struct {
	kind sharedKind
	// service is the peer's service, container the peer's name or ID as the file
	// has it; one of them is set.
	service, container string
}

// sharesOf are the namespaces and volumes that s takes from other containers.
func sharesOf(s *compose.Service) []sharedWith {
	var shares []sharedWith
	add := func(kind sharedKind, from string) {
		if service, ok := strings.CutPrefix(from, types.ServicePrefix); ok {
			shares = append(shares, sharedWith{kind: kind, service: service})
		} else if container, ok := strings.CutPrefix(from, types.ContainerPrefix); ok {
			shares = append(shares, sharedWith{kind: kind, container: container})
		}
	}
	add(sharedNetwork, s.NetworkMode)
	add(sharedIPC, s.Ipc)
	add(sharedPID, s.Pid)
	for _, from := range s.VolumesFrom {
		if !strings.HasPrefix(from, types.ContainerPrefix) {
			from = types.ServicePrefix + from
		}
		prefix, rest, _ := strings.Cut(from, ":")
		name, _, _ := strings.Cut(rest, ":") // NAME:ro
		add(sharedVolumes, prefix+":"+name)
	}
	return shares
}

// SharesNamespace says whether s runs in a namespace of the service peer, which
// ends with the peer's process.
func SharesNamespace(s *compose.Service, peer string) bool {
	return slices.ContainsFunc(sharesOf(s), func(w sharedWith) bool { return w.kind != sharedVolumes && w.service == peer })
}

// joinedContainers are the containers outside of the project that the services
// share something with, by the names or IDs of the file.
func joinedContainers(p *compose.Project) []string {
	var names []string
	for _, name := range sortedKeys(p.Services) {
		for _, share := range sharesOf(p.Services[name]) {
			if share.container != "" {
				names = append(names, share.container)
			}
		}
	}
	return compact(names)
}

// staleShare is something shared with a peer that has begun anew since: what the
// container has is the peer's former one, which nobody else uses any more.
type staleShare struct {
	kind sharedKind
	// peer is the peer's container name.
	peer string
	// replaced says that the peer is another container now, so that a restart of
	// the sharer is not enough.
	replaced bool
}

func (s staleShare) String() string {
	if s.replaced {
		return fmt.Sprintf("it has the %s of a container that is gone: %s was replaced after it was created", s.kind, s.peer)
	}
	return fmt.Sprintf("it has the %s that %s had before it restarted: %s started again after it", s.kind, s.peer, s.peer)
}

// staleShareOf finds what c, a container of s, shares with a peer that has begun
// anew after c did. A restart of the peer replaces its namespaces and keeps its
// volumes. peers are the containers of a service that count; all are those that
// the engine has.
func staleShareOf(s *compose.Service, c Container, peers func(service string) []Container, all []Container) (staleShare, bool) {
	for _, share := range sharesOf(s) {
		candidates := all
		if share.service != "" {
			candidates = peers(share.service)
		}
		peer, ok := share.peerOf(c, candidates)
		if !ok {
			continue
		}
		stale := staleShare{kind: share.kind, peer: peer.Name}
		joined := c.joined(share.kind)
		switch {
		case joined != "" && !peer.isCalled(joined), share.kind == sharedVolumes && newer(peer.Created, c.Created) && !hasVolumesOf(s, c, peer):
			stale.replaced = true
			return stale, true
		case share.kind != sharedVolumes && c.State == StateRunning && peer.State == StateRunning && newer(peer.StartedAt, c.StartedAt):
			return stale, true
		}
	}
	return staleShare{}, false
}

// hasVolumesOf says whether c, a container of s, mounts what peer mounts, apart from
// the places where the file gives s something of its own.
func hasVolumesOf(s *compose.Service, c, peer Container) bool {
	for _, theirs := range peer.Mounts {
		if mountAt(s, theirs.Destination) != nil || theirs.Type != types.VolumeTypeVolume && theirs.Type != types.VolumeTypeBind {
			continue
		}
		if !slices.ContainsFunc(c.Mounts, func(m Mount) bool {
			return m.Destination == theirs.Destination && m.Name == theirs.Name && m.Source == theirs.Source
		}) {
			return false
		}
	}
	return true
}

// peerOf is the container among candidates that c shares with: the one it was
// created with where that is still there, else the first that the file means.
func (w sharedWith) peerOf(c Container, candidates []Container) (Container, bool) {
	joined := c.joined(w.kind)
	if i := slices.IndexFunc(candidates, func(p Container) bool { return joined != "" && p.isCalled(joined) }); i >= 0 {
		return candidates[i], true
	}
	i := slices.IndexFunc(candidates, func(p Container) bool { return w.service != "" || p.isCalled(w.container) })
	if i < 0 {
		return Container{}, false
	}
	return candidates[i], true
}

// joined is the container whose namespace of a kind c was created to join, as the
// engine has it: an ID, with some engines a name; "" for none or unknown.
func (c Container) joined(kind sharedKind) string {
	mode := map[sharedKind]string{sharedNetwork: c.NetworkMode, sharedIPC: c.IpcMode, sharedPID: c.PidMode}[kind]
	id, ok := strings.CutPrefix(mode, types.ContainerPrefix)
	if !ok {
		return ""
	}
	return id
}

// shortestID is how many digits of an ID name a container.
const shortestID = 12

// isCalled says whether a name or ID, or the beginning of an ID, is c's.
func (c Container) isCalled(name string) bool {
	return name == c.Name || len(name) >= shortestID && strings.HasPrefix(c.ID, name)
}

// reasonStaleShare is the reason of a condition that fails for a staleShare.
const reasonStaleShare = "StaleShare"

// unshared is the condition of a container that shares something stale; one
// without a type when it does not.
func (s subject) unshared(c Sight) Condition {
	stale, ok := staleShareOf(s.service, c.Container, s.containersOf, s.Observed.Containers)
	if !ok {
		return Condition{}
	}
	cond := fails(GateWired, fault.Service, reasonStaleShare, "%s: %s", c.Name, stale)
	cond.Final = true
	cond.Evidence = []healthchecks.Evidence{s.looked(c.Name+": State.StartedAt beside that of "+stale.peer, false, moment(c.StartedAt))}
	return withHint(cond, "stackctl up gives it the present one", c.At)
}

// endedWithPeer says that the processes of a container ended with those of a peer
// whose PID namespace it shares and that has restarted since; "" when they did not.
func (s subject) endedWithPeer(c Sight) string {
	for _, share := range sharesOf(s.service) {
		if share.kind != sharedPID || share.service == "" || c.State != StateExited {
			continue
		}
		for _, peer := range s.containersOf(share.service) {
			if newer(peer.StartedAt, c.StartedAt) {
				return "its PID namespace ended with " + peer.Name + ", which restarted"
			}
		}
	}
	return ""
}

// causesOthers says that the failure of a service explains what others show:
// whoever asks the peer of a stale share gets no answer from the peer's address.
func causesOthers(r ServiceReport) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Reason == reasonStaleShare })
}

// renewalsMax is how often one run restarts what has something stale: a peer that
// goes on restarting is the failure itself.
const renewalsMax = 2

// restartStale restarts the containers that have something stale, which happens
// while a stack comes up: a peer restarts after they joined it, a file is replaced
// after they mounted it. Then it proves the stack again. r and err are the proof's;
// they come back as they are where nothing of the kind is wrong.
func (s *session) restartStale(ctx context.Context, x *executor, r Report, err error) (Report, error) {
	for range renewalsMax {
		if err == nil || ctx.Err() != nil || !slices.ContainsFunc(r.Services, hasStale) {
			return r, err
		}
		observed, failed := s.engine.Observe(ctx, s.scope())
		if failed != nil {
			return r, err
		}
		in := s.planInput(observed, nil)
		in.Options.ForceRecreate = false // has been done
		plan, failed := MakePlan(in)
		if failed != nil || len(plan.Actions) == 0 || slices.ContainsFunc(plan.Actions, Action.replaces) {
			return r, err
		}
		s.members.changing(plan)
		if err = x.execute(ctx, plan); err == nil {
			r, err = s.prove(ctx, true)
		}
	}
	return r, err
}

// hasStale says that a restart of a service's containers mends what they have.
func hasStale(r ServiceReport) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Reason == reasonStaleShare || c.Reason == reasonStaleBind })
}

// replaces says that an action makes, renames or removes something.
func (a Action) replaces() bool {
	return !a.Wait() && a.Kind != StopContainer && a.Kind != StartContainer && a.Kind != Unpause
}

// staleSharer is a container of any service of the file, selected or not, that is in
// the network namespace which c had before it restarted: what it serves is not
// reached through c any more. "" for none.
func (s subject) staleSharer(c Sight) string {
	file := s.Project.Whole()
	for _, name := range file.ServiceNames() {
		sharer := file.Services[name]
		if sharer.NetworkMode != types.ServicePrefix+s.service.Name {
			continue
		}
		for _, other := range s.containersOf(name) {
			if stale, ok := staleShareOf(sharer, other, s.containersOf, s.Observed.Containers); ok && stale.kind == sharedNetwork && stale.peer == c.Name {
				return other.Name
			}
		}
	}
	return ""
}

// staleNotes name the services that are not selected and share something stale: this
// run may have restarted or replaced their peer.
func staleNotes(f *Facts) []string {
	file := f.Project.Whole()
	var out []string
	for _, name := range f.Project.Unselected() {
		for _, c := range f.containersOf(name) {
			if stale, ok := staleShareOf(file.Services[name], c, f.containersOf, f.Observed.Containers); ok {
				out = append(out, fmt.Sprintf("%s, which is not selected: %s; stackctl up %s", name, stale, name))
			}
		}
	}
	return out
}
