package orchestrator

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestALimitThatSomebodyChangedIsADifference(t *testing.T) {
	t.Parallel()
	const limited = `
services:
  web:
    image: web
    restart: unless-stopped
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 100
    cpuset: "0"
    healthcheck: {test: [CMD, ok]}
`
	p := load(t, limited)
	s := p.Services["web"]
	all := LimitSupport{Memory: true, Swap: true, CPUQuota: true, CPUShares: true, CPUSet: true, Pids: true}
	asked := LimitsOf(s)
	asked.MemorySwap = 128 << 20 // what an engine makes of a limit of memory alone
	for _, x := range []struct {
		name     string
		change   func(*Limits)
		supports LimitSupport
		want     []string
	}{
		{name: "nothing", change: func(*Limits) {}, supports: all},
		{name: "memory", change: func(l *Limits) { l.Memory, l.MemorySwap = 32<<20, 32<<20 }, supports: all, want: []string{`mem_limit "32 MiB" → "64 MiB"`}},
		{name: "swap", change: func(l *Limits) { l.MemorySwap = 64 << 20 }, supports: all, want: []string{`memswap_limit "64 MiB" → "128 MiB"`}},
		{name: "swap without limit", change: func(l *Limits) { l.MemorySwap = -1 }, supports: all, want: []string{`memswap_limit "none" → "128 MiB"`}},
		{name: "swap on a kernel that does not count it", change: func(l *Limits) { l.MemorySwap = -1 }},
		{name: "what an engine that is not known makes of swap", change: func(l *Limits) { l.MemorySwap = l.Memory }},
		{name: "restart", change: func(l *Limits) { l.Restart = "no" }, want: []string{`restart "no" → "unless-stopped"`}},
		{name: "retries", change: func(l *Limits) { l.Restart, l.MaxRetries = "on-failure", 3 }, want: []string{`restart "on-failure:3" → "unless-stopped"`}},
		{name: "processors", change: func(l *Limits) { l.NanoCPUs = 1e9 }, want: []string{`cpus "1" → "0.5"`}},
		{name: "processors in the older form", change: func(l *Limits) { l.NanoCPUs, l.CPUQuota, l.CPUPeriod = 0, 50_000, 100_000 }, supports: all},
		{name: "processes", change: func(l *Limits) { l.Pids = 10 }, want: []string{`pids_limit "10" → "100"`}},
		{name: "a limit of processes that was lifted", change: func(l *Limits) { l.Pids = -1 }, supports: all, want: []string{`pids_limit "none" → "100"`}},
		{name: "a limit that the engine dropped", change: func(l *Limits) { l.Pids = 0 }},
		{name: "a limit that nobody asked for", change: func(l *Limits) { l.CPUShares = 512 }, supports: all, want: []string{`cpu_shares "512" → "none"`}},
		{name: "a default of the engine's own", change: func(l *Limits) { l.CPUShares = 1024 }},
		{name: "processors to run on", change: func(l *Limits) { l.CPUSet = "0-1" }, want: []string{`cpuset "0-1" → "0"`}},
		{name: "not observed", change: func(l *Limits) { *l = Limits{} }, supports: all},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := Container{Limits: asked}
			x.change(&c.Limits)
			var got []string
			for _, change := range limitChanges(s, c, x.supports) {
				got = append(got, change.String())
			}
			if diff := cmp.Diff(x.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	o := upOf(p)
	o.Containers[0].Limits = asked
	o.Containers[0].Limits.Restart = "no"
	if cause := planOf(t, input(p, o)).Actions[0].Cause; !strings.Contains(cause, "restart is no, the file says unless-stopped") {
		t.Errorf("the plan gives the cause %q", cause)
	}
}
