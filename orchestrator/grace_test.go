package orchestrator

import (
	"testing"
	"time"
)

func TestAnEndThatAStopFromOutsideLeavesHasTimeToBeARestart(t *testing.T) {
	now := time.Now()
	for code, grace := range map[int]time.Duration{0: stopGrace, 137: stopGrace, 143: stopGrace, 1: downGrace, 139: downGrace} {
		for _, down := range []time.Duration{grace - time.Millisecond, grace} {
			s := Sight{DownSince: now.Add(-down)}
			s.State, s.ExitCode = StateExited, code
			if st := (bench{now: now}).judge(s); st.Final != (down >= grace) {
				t.Errorf("code %d, down for %s: final is %t", code, down, st.Final)
			}
		}
	}
}
