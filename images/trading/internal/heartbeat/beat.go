// Package heartbeat says what a service's sign of life means, and when several
// services falling silent together are an incident.
package heartbeat

import "time"

// Beat is the last sign of life of one service.
type Beat struct {
	Service   string        `db:"service"`
	Instance  string        `db:"instance"`
	StartedAt time.Time     `db:"started_at"`
	Age       time.Duration `db:"age"`
	Stopped   bool          `db:"stopped"`
	Problem   string        `db:"problem"`
}

// State is what a beat says about its service.
type State string

// A service is alive, alive with a job that fails, lost without a word,
// stopped on purpose, or was never seen.
const (
	Alive    State = "alive"
	Troubled State = "troubled"
	Lost     State = "lost"
	Stopped  State = "stopped"
	Never    State = "never"
)

// State judges the beat. A service that said goodbye is stopped, however long
// ago that was.
func (b Beat) State(lostAfter time.Duration) State {
	switch {
	case b.Stopped:
		return Stopped
	case b.Age > lostAfter:
		return Lost
	case b.Problem != "":
		return Troubled
	default:
		return Alive
	}
}
