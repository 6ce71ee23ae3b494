package orchestrator

import (
	"context"
	"slices"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// socketOnly says whether a container is a Postgres server whose own check asks by
// the socket alone. It passes too early: while the image makes a new database, a
// temporary server listens there.
func (b bench) socketOnly(s Sight) bool {
	if !b.database || !s.Check.Defined() {
		return false
	}
	return compose.SocketOnlyCheck(s.Check.Test, func(name string) string { return variable(s.Env, name) })
}

// releasedByQuery says whether such a server lets go who waits for its health: its
// check passes, and it answers a query over TCP, which the temporary one does not.
// The error is that it never will.
func (s *session) releasedByQuery(ctx context.Context, b bench, sight Sight, st Standing) (bool, error) {
	if !st.Releases {
		return false, nil
	}
	tasks := slices.DeleteFunc(s.prober.tasks(b.service, sight.Container, b), func(t task) bool { return t.gate != GateDatabase })
	for _, p := range s.prober.run(ctx, sight.Container, tasks) {
		switch {
		case p.Passed:
		case p.Final:
			return false, fault.New(fault.Verify, "%s: %s", p.Probe, p.Result).WithHint("%s", p.Hint)
		default:
			return false, nil
		}
	}
	return true, nil
}
