package orchestrator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
)

// Planning and assessing are linear in the number of services: compare the
// microseconds for each service.
//
//	go test ./orchestrator -run xxx -bench . -benchmem

func sizes() []int { return []int{10, 100, 1000} }

// wide is a project of n services, each of which needs the one before it in a
// chain of ten.
func wide(tb testing.TB, n int) *compose.Project {
	tb.Helper()
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%04d:\n    image: web\n    environment: {N: \"%d\", PORT: \"8080\"}\n    healthcheck: {test: [CMD, ok], interval: 1s}\n", i, i)
		if i%10 > 0 {
			fmt.Fprintf(&b, "    depends_on: {s%04d: {condition: service_healthy}}\n", i-1)
		}
	}
	return load(tb, b.String())
}

// perService runs do for projects of several sizes and reports the time for a service.
func perService(b *testing.B, prepare func(p *compose.Project) (do func())) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			do := prepare(wide(b, n))
			do() // what is remembered of a project is made once
			begin := time.Now()
			count := 0
			for b.Loop() {
				do()
				count++
			}
			b.ReportMetric(float64(time.Since(begin).Microseconds())/float64(count*n), "µs/service")
		})
	}
}

func BenchmarkPlanOfNothingThere(b *testing.B) {
	perService(b, func(p *compose.Project) func() {
		in := PlanInput{Project: p, Images: imagesOf(p), Observed: Observed{Engine: EngineInfo{StartInterval: true}}}
		return func() {
			if _, err := MakePlan(in); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPlanOfAllThere(b *testing.B) {
	perService(b, func(p *compose.Project) func() {
		in := PlanInput{Project: p, Images: imagesOf(p), Observed: upOf(p)}
		return func() {
			plan, err := MakePlan(in)
			if err != nil || len(plan.Actions) > 0 {
				b.Fatal(len(plan.Actions), err)
			}
		}
	})
}

func BenchmarkAssess(b *testing.B) {
	perService(b, func(p *compose.Project) func() {
		f := facts(p)
		return func() {
			if r := Assess(f); !r.Proven {
				b.Fatal(r.Class)
			}
		}
	})
}
