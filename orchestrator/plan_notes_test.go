package orchestrator

import "testing"

func TestWhatOnlyAWindowsEngineUsesIsSaidToALinuxOne(t *testing.T) {
	p := load(t, "services: {web: {image: web, cpu_count: 2, healthcheck: {test: [CMD, check]}}}")
	for os, want := range map[string]int{"linux": 1, "windows": 0, "": 0} {
		o := upOf(p)
		o.Engine.OS = os
		if plan := planOf(t, input(p, o)); len(plan.Notes) != want {
			t.Errorf("%s: notes %q", os, plan.Notes)
		}
	}
}
