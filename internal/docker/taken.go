package docker

import (
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/internal/fault"
)

// takenError says that another object has the name of one to create.
type takenError struct {
	kind, name string
	// owner is the compose project the other one belongs to, "" for none.
	owner string
}

func (t *takenError) Error() string {
	if t.owner == "" {
		return fmt.Sprintf("the %s %s is there already, made by no compose project", t.kind, t.name)
	}
	return fmt.Sprintf("the %s %s is there already, made for project %s with another definition", t.kind, t.name, t.owner)
}

// Is makes errdefs.IsConflict true.
func (t *takenError) Is(target error) bool { return target == errdefs.ErrConflict }

// countedError adds how many networks there are to a lack of addresses.
type countedError struct {
	err      error
	networks int
}

func (c *countedError) Error() string {
	return fmt.Sprintf("%s (%d networks exist)", (&engineError{c.err}).Error(), c.networks)
}

func (c *countedError) Unwrap() error { return c.err }

// overlapError names the network that has the addresses of one to create.
type overlapError struct {
	err error
	// subnet is what was asked for, of what the other network has.
	subnet, name, of string
}

func (o *overlapError) Error() string {
	return fmt.Sprintf("%s: %s overlaps with %s of network %s", (&engineError{o.err}).Error(), o.subnet, o.of, o.name)
}

func (o *overlapError) Unwrap() error { return o.err }

// tooOld says that the file asks for what this engine cannot do.
func tooOld(what, needs string, api apiVersion) error {
	return fault.New(fault.Config, "%s needs an engine with API %s; this one speaks %s", what, needs, string(api)).
		WithHint("remove it from the file, or use a newer engine")
}
