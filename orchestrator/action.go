package orchestrator

import (
	"fmt"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// Kind is what an action does.
type Kind string

// The kinds of actions. Those that begin with "wait" change nothing.
const (
	CreateNetwork   Kind = "create network"
	RemoveNetwork   Kind = "remove network"
	CreateVolume    Kind = "create volume"
	RemoveVolume    Kind = "remove volume"
	CreateContainer Kind = "create"
	StartContainer  Kind = "start"
	StopContainer   Kind = "stop"
	RemoveContainer Kind = "remove"
	RenameContainer Kind = "rename"
	Unpause         Kind = "unpause"
	WaitStarted     Kind = "wait started"
	WaitHealthy     Kind = "wait healthy"
	WaitCompleted   Kind = "wait completed"
	RemoveImage     Kind = "remove image"
	// CreateDirectory makes the source of a bind mount on this host.
	CreateDirectory Kind = "create directory"
)

// Action is one call of the engine, or one wait, and why.
type Action struct {
	// ID is unique in its plan.
	ID   string
	Kind Kind
	// Target is what is acted on, as a reader knows it.
	Target string
	// Service and Number say which replica it is about; "" and 0 for what
	// belongs to no service.
	Service string
	Number  int
	// Cause is the reason, down to the field that changed.
	Cause string
	// Changes are, for the new container of a replacement, all fields in which
	// the old one differs from the file; Cause may name only the first of them.
	Changes []FieldChange
	// DependsOn are the IDs of actions that must have succeeded before.
	DependsOn []string

	// Existing is the ID of the object that is acted on when it is there
	// already; what this plan creates is found by creates.
	Existing string
	// creates is the ID of the CreateContainer action whose result this
	// action works on, "" when Existing is set.
	creates string
	// rename is the new name for RenameContainer.
	rename string
	// network, volume and container hold what to create.
	network   *NetworkSpec
	volume    *VolumeSpec
	container *ContainerSpec
	// joins maps a service to the create action whose container it joins.
	joins map[string]string
	// anonymous says that anonymous volumes go with the container.
	anonymous bool
	// grace is the stop time; nil takes the container's own.
	grace *time.Duration
	// path is the directory to make.
	path string
	// optional says that the wait belongs to a dependency with required: false.
	optional bool
}

// Wait says whether the action only waits.
func (a Action) Wait() bool {
	return a.Kind == WaitStarted || a.Kind == WaitHealthy || a.Kind == WaitCompleted
}

// InFull is Cause with every field that changed.
func (a Action) InFull() string {
	if len(a.Changes) <= maxChanges {
		return a.Cause
	}
	words := make([]string, len(a.Changes))
	for i, c := range a.Changes {
		words[i] = c.String()
	}
	short := strings.Join(append(words[:maxChanges:maxChanges], fmt.Sprintf("and %d more", len(words)-maxChanges)), ", ")
	return strings.Replace(a.Cause, short, strings.Join(words, ", "), 1)
}

// String is the action on one line: kind, target and cause.
func (a Action) String() string {
	s := fmt.Sprintf("%-14s %s", a.Kind, a.Target)
	if a.Cause != "" {
		s += "  (" + a.Cause + ")"
	}
	return s
}

// Plan is what is to be done, in an order that respects the dependencies.
type Plan struct {
	Actions []Action
	// Notes are what the reader should know about the plan: orphans that
	// stay, what was injected, warnings.
	Notes []string
	// Unchecked are the services that nothing can prove and nobody waived, by name.
	Unchecked []UncheckedService
	// refused are the reasons for which nobody carries the plan out.
	refused []error
	// kept are the containers that stay and count as replicas.
	kept []replica
	// follows are the services that are restarted because another one is, with its name.
	follows map[string]string
}

// replica is a container in its place.
type replica struct {
	service string
	number  int
	id      string
}

// Changes counts the actions that change the engine.
func (p Plan) Changes() int {
	n := 0
	for _, a := range p.Actions {
		if !a.Wait() {
			n++
		}
	}
	return n
}

// String is the plan as text, an action a line with what it waits for.
func (p Plan) String() string {
	var b strings.Builder
	for _, a := range p.Actions {
		b.WriteString(a.String())
		if len(a.DependsOn) > 0 {
			b.WriteString("  after " + strings.Join(a.DependsOn, ", "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// check insists on what executing a plan rests on: each action has an ID of its
// own and comes behind those it depends on.
func (p Plan) check() error {
	seen := make(map[string]bool, len(p.Actions))
	for _, a := range p.Actions {
		for _, id := range a.DependsOn {
			if !seen[id] {
				return fault.New(fault.Internal, "action %s depends on %s, which is not before it in the plan", a.ID, id)
			}
		}
		if seen[a.ID] {
			return fault.New(fault.Internal, "two actions of the plan are called %s", a.ID)
		}
		seen[a.ID] = true
	}
	return nil
}

// add appends a and returns its ID.
func (p *Plan) add(a Action) string {
	p.Actions = append(p.Actions, a)
	return a.ID
}
