package orchestrator

import (
	"slices"
	"strings"
	"testing"
)

// waitingFor says which actions of a plan wait directly for one of them.
func waitingFor(p Plan, id string) []string {
	var ids []string
	for _, a := range p.Actions {
		if slices.Contains(a.DependsOn, id) {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

func TestWhatIsFixedComesBeforeWhatTheEngineChooses(t *testing.T) {
	const check = "healthcheck: {test: [CMD, x]}"
	for _, c := range []struct {
		name, file string
		// before comes first; behind wait for it, beside do not.
		before         string
		behind, beside []string
	}{
		{
			name:   "subnets",
			file:   "services: {w: {image: w, networks: [z, a, b], CHECK}}\nnetworks: {z: {ipam: {config: [{subnet: 10.1.1.0/24}]}}, a: {}, b: {internal: true}}",
			before: "network/z", behind: []string{"network/a", "network/b"},
		},
		{
			name: "addresses",
			file: `services:
  any: {image: x, networks: [n], CHECK}
  other: {image: x, networks: [m], CHECK}
  one: {image: x, networks: {n: {ipv4_address: 10.1.1.2}}, CHECK}
  two: {image: x, networks: {n: {ipv4_address: 10.1.1.3}}, CHECK}
  needed: {image: x, networks: [n], CHECK}
  needs: {image: x, networks: {n: {ipv4_address: 10.1.1.4}}, depends_on: [needed], CHECK}
networks: {n: {ipam: {config: [{subnet: 10.1.1.0/24}]}}, m: {}}`,
			before: "start/p-one-1", behind: []string{"start/p-any-1", "start/p-needed-1"}, beside: []string{"start/p-other-1", "start/p-two-1"},
		},
		{
			name: "an address that the engine gives nobody",
			file: `services:
  any: {image: x, networks: [n], CHECK}
  one: {image: x, networks: {n: {ipv4_address: 10.1.1.2}}, CHECK}
networks: {n: {ipam: {config: [{subnet: 10.1.1.0/24, ip_range: 10.1.1.128/25}]}}}`,
			before: "start/p-one-1", beside: []string{"start/p-any-1"},
		},
		{
			name: "addresses of the later protocol",
			file: `services:
  any: {image: x, networks: [n], CHECK}
  one: {image: x, networks: {n: {ipv6_address: "fd00::2"}}, CHECK}
networks: {n: {enable_ipv6: true, ipam: {config: [{subnet: "fd00::/64"}]}}}`,
			before: "start/p-one-1", behind: []string{"start/p-any-1"},
		},
		{
			name: "host ports",
			file: `services:
  any: {image: x, ports: ["80"], CHECK}
  udp: {image: x, ports: ["80/udp"], CHECK}
  elsewhere: {image: x, ports: ["127.0.0.2::80"], CHECK}
  range: {image: x, ports: ["127.0.0.1:40000-40009:80"], CHECK}
  one: {image: x, ports: ["127.0.0.1:40000:80"], CHECK}
  low: {image: x, ports: ["127.0.0.1:8080:80"], CHECK}`,
			before: "start/p-one-1", behind: []string{"start/p-any-1", "start/p-range-1"},
			beside: []string{"start/p-udp-1", "start/p-elsewhere-1", "start/p-low-1"},
		},
		{
			name: "a range of host ports",
			file: `services:
  any: {image: x, ports: ["80"], CHECK}
  range: {image: x, ports: ["40000-40009:80"], CHECK}
  low: {image: x, ports: ["8000-8009:80"], CHECK}`,
			before: "start/p-range-1", behind: []string{"start/p-any-1"}, beside: []string{"start/p-low-1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, strings.ReplaceAll(c.file, "CHECK", check))
			plan := planOf(t, input(p, Observed{}))
			if err := plan.check(); err != nil {
				t.Fatal(err)
			}
			for _, id := range c.behind {
				if !slices.Contains(waitingFor(plan, c.before), id) {
					t.Errorf("%s does not wait for %s:\n%s", id, c.before, plan)
				}
			}
			for _, id := range c.beside {
				if slices.Contains(waitingFor(plan, c.before), id) {
					t.Errorf("%s waits for %s:\n%s", id, c.before, plan)
				}
			}
		})
	}
}

func TestAStartOfWhatIsThereKeepsThatOrder(t *testing.T) {
	p := load(t, "services:\n  any: {image: x, ports: [\"80\"]}\n  one: {image: x, ports: [\"40000:80\"]}\n")
	for _, running := range []bool{false, true} {
		o := upOf(p)
		if !running {
			for i := range o.Containers {
				o.Containers[i].State = StateExited
			}
		}
		plan, err := PlanAgain(input(p, o), nil, running)
		if err != nil || plan.check() != nil || !slices.Contains(waitingFor(plan, "start/p-one-1"), "start/p-any-1") {
			t.Errorf("%v, %v:\n%s", err, plan.check(), plan)
		}
	}
}
