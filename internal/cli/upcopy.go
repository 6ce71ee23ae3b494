package cli

import (
	"context"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

// upCopy brings up a private copy that stays until its time is over, or until
// somebody removes it.
func (a *app) upCopy(ctx context.Context, o upOptions, services []string) error {
	t, err := a.makeCopy(ctx, o.copyFlags, o.planFlags, services)
	if err != nil {
		return err
	}
	defer t.engine.Close()
	a.dues.about(t.project)
	report, err := a.bringUpCopy(ctx, t, o)
	a.dues.found(report, true)
	if signalClass(ctx) != fault.None { // nobody has seen its name
		a.removeCopy(ctx, t)
		return err
	}
	t.guard.Keep()
	err = a.ended(report, err, o.timings, false)
	a.remark("project " + t.Project + ", until " + t.Expires.Local().Format(time.DateTime) +
		"; its addresses: " + a.programFor(t.Project) + " endpoints; remove it with: stackctl prune --run " + t.Run)
	return err
}
