package orchestrator

import (
	"time"
)

// Copy identifies a throw-away copy of a project. It stands in the labels of
// whatever is made for the copy, from the beginning and unchanged.
type Copy struct {
	// Run is the identity: nothing without it is ever removed with the copy.
	Run string
	// Project is the copy's name, Base the name that the project has otherwise.
	Project, Base string
	// Expires is the engine's time from which on anybody may remove it.
	Expires time.Time
	// Maker says who made it, e.g. "ci-7 pid 4711".
	Maker string
}

// Labels are those of every object of the copy.
func (c Copy) Labels() map[string]string {
	return map[string]string{
		LabelRun: c.Run, LabelBase: c.Base, LabelMaker: c.Maker,
		LabelExpires: c.Expires.UTC().Format(time.RFC3339),
	}
}

// CopyOf reads the identity from an object's labels; false when it belongs to
// no copy.
func CopyOf(labels map[string]string) (Copy, bool) {
	c := Copy{Run: labels[LabelRun], Project: labels[LabelProject], Base: labels[LabelBase], Maker: labels[LabelMaker]}
	if t, err := time.Parse(time.RFC3339, labels[LabelExpires]); err == nil {
		c.Expires = t
	}
	return c, c.Run != ""
}

// Expired says whether the copy's time is over by the engine's clock. One
// whose labels do not say never expires.
func (c Copy) Expired(now time.Time) bool { return !c.Expires.IsZero() && now.After(c.Expires) }

// TraceKind is what kind of object a Trace is.
type TraceKind string

// The kinds, in the order in which they are removed.
const (
	TraceContainer TraceKind = "container"
	TraceNetwork   TraceKind = "network"
	TraceVolume    TraceKind = "volume"
)

// Trace is one object of a copy that the engine has.
type Trace struct {
	Copy
	Kind     TraceKind
	ID, Name string
	// Reaper says that it is the container that watches over the copy.
	Reaper bool
}
