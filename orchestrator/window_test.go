package orchestrator

import (
	"testing"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

func TestTheEnginesRecordCoversAWindowInWhichOnlyPassesWereLogged(t *testing.T) {
	now := time.Now()
	const window, age = 2 * time.Second, 10 * time.Second
	run := func(ago time.Duration, code int) healthchecks.Result {
		end := now.Add(-ago)
		return healthchecks.Result{Start: end.Add(-50 * time.Millisecond), End: end, ExitCode: code}
	}
	for _, c := range []struct {
		name string
		log  []healthchecks.Result
		want bool
	}{
		{"no probe at all", nil, false},
		{"passes from before the window on", []healthchecks.Result{run(3*time.Second, 0), run(time.Second, 0)}, true},
		{"one pass within the window", []healthchecks.Result{run(time.Second, 0)}, false},
		{"failures of the start period, then passes from before the window on",
			[]healthchecks.Result{run(6*time.Second, 1), run(5*time.Second, 1), run(3*time.Second, 0), run(time.Second, 0)}, true},
		{"failures of the start period, then passes within the window",
			[]healthchecks.Result{run(6*time.Second, 1), run(5*time.Second, 1), run(time.Second, 0)}, false},
		{"a failure of the start period after a pass", []healthchecks.Result{run(8*time.Second, 0), run(6*time.Second, 1), run(3*time.Second, 0)}, false},
		{"a failure after the start period, then passes from before the window on",
			[]healthchecks.Result{run(4*time.Second, 1), run(3*time.Second, 0), run(time.Second, 0)}, false},
		{"a failure within the window", []healthchecks.Result{run(4*time.Second, 0), run(3*time.Second, 1), run(time.Second, 0)}, false},
		{"a failure before the window and no pass before it", []healthchecks.Result{run(3*time.Second, 1), run(time.Second, 0)}, false},
		{"a failure at the end", []healthchecks.Result{run(4*time.Second, 0), run(3*time.Second, 0), run(time.Second, 1)}, false},
		{"a failure alone", []healthchecks.Result{run(3*time.Second, 1)}, false},
		{"passes of the incarnation before", []healthchecks.Result{run(20*time.Second, 0), run(time.Second, 0)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			container := Container{
				State: StateRunning, StartedAt: now.Add(-age),
				Check:  &healthchecks.Check{Test: []string{"CMD", "ok"}, StartPeriod: 5500 * time.Millisecond},
				Health: healthchecks.Health{Log: c.log},
			}
			if got := longUp(container, window, age, now); got != c.want {
				t.Errorf("covered: %t, want %t", got, c.want)
			}
		})
	}
}
