package orchestrator

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

// strict are rules without chance that are easy to count with.
func strict() Rules {
	return Rules{Budget: 3, Window: 10 * time.Minute, First: time.Second, Longest: time.Minute, Reset: 10 * time.Minute}
}

// dead is a service of which something has to be done.
func dead(name string) Patient { return Patient{Service: name, Spec: "s", Cause: "exited with code 1"} }

func TestHealDecides(t *testing.T) {
	now := epoch()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	starts := func(ds ...time.Duration) ServiceMemory {
		m := ServiceMemory{Spec: "s"}
		for _, d := range ds {
			m.Starts = append(m.Starts, ago(d))
		}
		return m
	}
	gaveUp := ServiceMemory{Spec: "s", GivenUp: &GivenUp{At: ago(time.Hour), Reason: "spent", Lives: []string{"a"}}}
	with := func(change func(*Patient)) Patient { p := dead("a"); change(&p); return p }
	for _, c := range []struct {
		name    string
		patient Patient
		memory  ServiceMemory
		verdict Verdict
		starts  int
	}{
		{"nothing to do", Patient{Service: "a", Spec: "s", Well: true}, ServiceMemory{}, LeaveAlone, 0},
		{"a first death is healed at once", dead("a"), ServiceMemory{}, Act, 1},
		{"a second one after a pause", dead("a"), starts(100 * time.Millisecond), NotYet, 1},
		{"which ends", dead("a"), starts(1300 * time.Millisecond), Act, 2},
		{"the pause doubles", dead("a"), starts(9*time.Second, 1500*time.Millisecond), NotYet, 2},
		{"and ends", dead("a"), starts(9*time.Second, 2500*time.Millisecond), Act, 3},
		{"the budget is spent", dead("a"), starts(9*time.Minute, 8*time.Minute, 7*time.Minute), GaveUp, 3},
		{"what is older than the window does not count", dead("a"), starts(11*time.Minute, 8*time.Minute, 7*time.Minute), Act, 3},
		{"nor what a clock that was set back left in the future", dead("a"), starts(-time.Hour, -2*time.Hour, -3*time.Hour), Act, 1},
		{"given up stays given up", with(func(p *Patient) { p.Lives = []string{"a"} }), gaveUp, GaveUp, 0},
		{"another file is a new beginning", with(func(p *Patient) { p.Spec = "t" }), gaveUp, Act, 1},
		{"so is a start by hand", with(func(p *Patient) { p.Lives = []string{"a", "b"} }), gaveUp, Act, 1},
		{"and a person's wish, which costs nothing", with(func(p *Patient) { p.Asked = true }), gaveUp, Act, 0},
		{"ten good minutes are one too", Patient{Service: "a", Spec: "s", Well: true},
			ServiceMemory{Spec: "s", Starts: []time.Time{ago(9 * time.Minute)}, WellSince: ago(10 * time.Minute), GivenUp: gaveUp.GivenUp}, LeaveAlone, 0},
		{"nine are not", Patient{Service: "a", Spec: "s", Well: true},
			ServiceMemory{Spec: "s", Starts: []time.Time{ago(9 * time.Minute)}, WellSince: ago(9 * time.Minute)}, LeaveAlone, 1},
		{"what a person stopped stays stopped", with(func(p *Patient) { p.ByHand = "stopped" }), ServiceMemory{}, HandsOff, 0},
		{"the engine's turn comes first", with(func(p *Patient) { p.NotBefore = now.Add(time.Second) }), ServiceMemory{}, NotYet, 0},
		{"and is over", with(func(p *Patient) { p.NotBefore = now }), ServiceMemory{}, Act, 1},
		{"a dependency comes first", with(func(p *Patient) { p.Needs = []string{"db"} }), ServiceMemory{}, Blocked, 0},
		{"an image too", with(func(p *Patient) { p.Lacks = "no image" }), ServiceMemory{}, NotYet, 0},
		{"work under way is not disturbed", with(func(p *Patient) { p.Busy = true }), ServiceMemory{}, NotYet, 0},
		{"who follows pays nothing", with(func(p *Patient) { p.Follows = "db" }), starts(time.Minute, time.Minute, time.Minute), Act, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := Memory{Services: map[string]ServiceMemory{"a": c.memory}}
			kept := slices.Clone(c.memory.Starts)
			decisions, after := Heal([]Patient{c.patient}, strict(), given, now)
			d := decisions["a"]
			if d.Verdict != c.verdict || d.Starts != c.starts {
				t.Errorf("the decision is %+v, want %s with %d starts", d, c.verdict, c.starts)
			}
			if (after.Services["a"].GivenUp != nil) != (c.verdict == GaveUp) {
				t.Errorf("it remembers %+v", after.Services["a"])
			}
			if !reflect.DeepEqual(given.Services["a"].Starts, kept) && len(kept) > 0 {
				t.Error("the memory it was given has changed")
			}
		})
	}
}

func TestThePauseGrowsToItsBoundAndIsVariedByAFifth(t *testing.T) {
	rules := strict()
	want := []int{1, 2, 4, 8, 16, 32, 60, 60}
	varied := false
	for i, seconds := range want {
		d := rules.pause("a", i+1)
		middle := time.Duration(seconds) * time.Second
		if d < middle*4/5 || d > middle*6/5 {
			t.Errorf("pause %d is %s, want about %s", i+1, d, middle)
		}
		other := rules
		other.Seed = 7
		varied = varied || other.pause("a", i+1) != d
	}
	if !varied {
		t.Error("another seed gives the same pauses")
	}
	if d := rules.pause("a", 1000); d > rules.Longest*6/5 || d < rules.Longest*4/5 {
		t.Errorf("after a thousand starts the pause is %s", d)
	}
}

func TestOneServiceThatIsGivenUpLeavesTheOthersTheirBudgets(t *testing.T) {
	now := epoch()
	m := Memory{Services: map[string]ServiceMemory{"a": {Spec: "s", Starts: []time.Time{now, now, now}}}}
	decisions, m := Heal([]Patient{dead("a"), dead("b")}, strict(), m, now)
	if decisions["a"].Verdict != GaveUp || decisions["b"].Verdict != Act {
		t.Errorf("the decisions are %+v", decisions)
	}
	decisions, m = Heal([]Patient{dead("b")}, strict(), m, now.Add(time.Minute))
	if _, ok := m.Services["a"]; ok || decisions["b"].Verdict != Act {
		t.Errorf("a service that the file no longer has is remembered: %+v", m.Services)
	}
}
