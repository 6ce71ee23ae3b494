package orchestrator

import (
	"context"
	"slices"

	"github.com/stackctl/stackctl/compose"
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
// check passes, and it answers over TCP, which the temporary one does not. An answer
// that refuses the query for good is one too: a job that waits may be what makes the
// role or the database that is asked for.
func (s *session) releasedByQuery(ctx context.Context, b bench, sight Sight, st Standing) bool {
	if !st.Releases {
		return false
	}
	tasks := slices.DeleteFunc(s.prober.tasks(b.service, sight.Container, b), func(t task) bool { return t.gate != GateDatabase })
	for _, p := range s.prober.run(ctx, sight.Container, tasks) {
		if !p.Passed && !p.Final {
			return false
		}
	}
	return true
}
