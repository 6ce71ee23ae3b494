package orchestrator

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
)

func TestRestartStopsAndStartsByDependencyAndProves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		mustUp(t, e, p, Options{})
		e.calls = nil
		r, err := Restart(t.Context(), e, p, nil, Options{})
		if err != nil || !r.Proven {
			t.Fatalf("not proven: %v\n%s", err, conditions(r))
		}
		want := []string{"start p-api-1", "start p-db-1", "start p-web-1", "stop p-api-1", "stop p-db-1", "stop p-web-1"}
		if got := slices.Sorted(slices.Values(e.calls)); !slices.Equal(got, want) {
			t.Errorf("the calls are %q, want %q", got, want)
		}
		if slices.Index(e.calls, "start p-db-1") > slices.Index(e.calls, "start p-api-1") {
			t.Errorf("api was started before db: %q", e.calls)
		}
	})
}

func TestRestartOfOneServiceLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		mustUp(t, e, p, Options{})
		e.calls = nil
		r, err := Restart(t.Context(), e, p, []string{"web"}, Options{})
		if err != nil || !r.Proven {
			t.Fatalf("not proven: %v\n%s", err, conditions(r))
		}
		if want := []string{"stop p-web-1", "start p-web-1"}; !slices.Equal(e.calls, want) {
			t.Errorf("the calls are %q, want %q", e.calls, want)
		}
	})
}

func TestStopAndStartComeBackToTheSameStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := fourLevelEngine(), load(t, fourLevels)
		mustUp(t, e, p, Options{})
		want := e.census()
		e.calls = nil
		if err := Stop(t.Context(), e, p, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		if stops := []string{"stop p-web-1", "stop p-api-1", "stop p-db-1"}; !slices.Equal(e.calls, stops) {
			t.Errorf("the calls are %q, want %q", e.calls, stops)
		}
		if strings.Contains(e.census(), "running") {
			t.Errorf("something still runs:\n%s", e.census())
		}
		r, err := Start(t.Context(), e, p, nil, Options{})
		if err != nil || !r.Proven {
			t.Fatalf("not proven: %v\n%s", err, conditions(r))
		}
		if got := e.census(); got != want {
			t.Errorf("there is\n%s\nwant\n%s", got, want)
		}
	})
}

func TestStartOfWhatWasNeverMadeIsRefused(t *testing.T) {
	_, err := PlanAgain(input(load(t, fourLevels), Observed{}), []string{"web"}, false)
	if fault.ClassOf(err) != fault.Service || fault.HintOf(err) != "stackctl up web" {
		t.Errorf("it is planned: %v (%s)", err, fault.HintOf(err))
	}
}

func TestStartDoesNotStartWhatWasKeptForARollback(t *testing.T) {
	p := load(t, oneService)
	o := upOf(p)
	kept := o.Containers[0]
	kept.ID, kept.Name, kept.State = "id-kept", kept.Name+prevSuffix, StateExited
	o.Containers = append(o.Containers, kept)
	for _, running := range []bool{false, true} {
		plan, err := PlanAgain(input(p, o), nil, running)
		if err != nil || strings.Contains(plan.String(), prevSuffix) {
			t.Errorf("the plan is\n%s (%v)", plan, err)
		}
	}
}

func TestLifecycleLeavesForeignProjectsAlone(t *testing.T) {
	p := load(t, oneService)
	o := upOf(p)
	o.Containers[0].Labels[LabelOwner] = "other"
	if _, err := PlanStop(p, o, nil, nil); fault.ClassOf(err) != fault.Conflict {
		t.Errorf("stop is planned: %v", err)
	}
	if _, err := PlanAgain(input(p, o), nil, true); fault.ClassOf(err) != fault.Conflict {
		t.Errorf("restart is planned: %v", err)
	}
}

func TestHooksRunAfterTheStartAndBeforeTheStop(t *testing.T) {
	withHooks := oneService + "    post_start: [{command: [warm, up]}]\n    pre_stop: [{command: [say, goodbye]}]\n"
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, withHooks)
		var order []string
		e.before = func(call string) error {
			if strings.HasPrefix(call, "exec") || strings.HasPrefix(call, "start") || strings.HasPrefix(call, "stop") {
				order = append(order, call)
			}
			return nil
		}
		mustUp(t, e, p, Options{})
		if err := Down(t.Context(), e, p, DownOptions{}); err != nil {
			t.Error(err)
		}
		if want := []string{"start p-web-1", "exec p-web-1", "exec p-web-1", "stop p-web-1"}; !slices.Equal(order, want) {
			t.Errorf("the calls are %q, want %q", order, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e, p := newFake().has("web"), load(t, withHooks)
		e.scripts["web"] = script{probe: func(up time.Duration, _ int) int {
			if up < 20*time.Millisecond {
				return 7 // the hook, which comes first
			}
			return 0
		}}
		r, err := Up(t.Context(), e, p, Options{})
		wantFailure(t, r, err, fault.Service, "post_start[0] of p-web-1 ended with code 7")
	})
}

func TestStopIsInTheReverseOrderOfDependenciesAndPassesOverWhatDoesNotRun(t *testing.T) {
	p := load(t, fourLevels)
	for _, c := range []struct {
		names []string
		state map[string]State
		want  string
	}{
		{want: "stop p-web-1\nstop p-api-1 after stop/p-web-1\nstop p-db-1 after stop/p-api-1\n"},
		{names: []string{"db"}, want: "stop p-db-1\n"},
		{names: []string{"web", "db"}, want: "stop p-web-1\nstop p-db-1\n"},
		{state: map[string]State{"p-web-1": StatePaused, "p-api-1": StateRestarting, "p-db-1": StateDead},
			want: "stop p-web-1\nstop p-api-1 after stop/p-web-1\n"},
		{state: map[string]State{"p-web-1": StateExited, "p-api-1": StateCreated, "p-db-1": StateExited}},
		{names: []string{"migrate"}},
	} {
		o := upOf(p)
		for name, state := range c.state {
			container(t, &o, name).State = state
		}
		grace := 7 * time.Second
		plan, err := PlanStop(p, o, c.names, &grace)
		if err != nil {
			t.Fatal(err)
		}
		if got := outline(plan); got != c.want {
			t.Errorf("stop %v with %v is\n%swant\n%s", c.names, c.state, got, c.want)
		}
		for _, a := range plan.Actions {
			if a.grace == nil || *a.grace != grace {
				t.Errorf("%s does not get the time that was asked for", a.ID)
			}
		}
	}
}

func TestStartStartsOnlyWhatStandsStill(t *testing.T) {
	p := load(t, fourLevels)
	for _, c := range []struct {
		names []string
		state map[string]State
		again bool
		want  []string
	}{
		{},
		{state: map[string]State{"p-web-1": StateExited}, want: []string{"start p-web-1"}},
		{state: map[string]State{"p-web-1": StatePaused}, want: []string{"unpause p-web-1"}},
		{state: map[string]State{"p-web-1": StateExited, "p-api-1": StateExited}, names: []string{"api"}, want: []string{"start p-api-1"}},
		{again: true, names: []string{"web"}, want: []string{"stop p-web-1", "start p-web-1"}},
		{again: true, names: []string{"web"}, state: map[string]State{"p-web-1": StatePaused}, want: []string{"stop p-web-1", "start p-web-1"}},
		{again: true, names: []string{"web"}, state: map[string]State{"p-web-1": StateExited}, want: []string{"start p-web-1"}},
		{again: true, names: []string{"migrate"}},
	} {
		o := upOf(p)
		for name, state := range c.state {
			container(t, &o, name).State = state
		}
		plan, err := PlanAgain(input(p, o), c.names, c.again)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range plan.Actions {
			if !a.Wait() {
				got = append(got, string(a.Kind)+" "+a.Target)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("again %v, %v of %v: %q, want %q", c.again, c.names, c.state, got, c.want)
		}
		if err := plan.check(); err != nil {
			t.Error(err)
		}
	}
}

func TestARestartOfAStackStartsEachServiceAfterThoseItNeeds(t *testing.T) {
	p := load(t, fourLevels)
	plan, err := PlanAgain(input(p, upOf(p)), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{}
	var walk func(id string)
	walk = func(id string) {
		if reached[id] {
			return
		}
		reached[id] = true
		for _, a := range plan.Actions {
			if a.ID == id {
				for _, before := range a.DependsOn {
					walk(before)
				}
			}
		}
	}
	for _, a := range plan.Actions {
		if a.Kind == StartContainer && a.Target == "p-web-1" {
			walk(a.ID)
		}
	}
	for _, id := range []string{"stop/p-web-1", "start/p-api-1", "start/p-db-1"} {
		if !reached[id] {
			t.Errorf("web is started without waiting for %s:\n%s", id, plan)
		}
	}
}

func TestAMissingContainerMattersOnlyToThoseWhoNameIt(t *testing.T) {
	p := load(t, fourLevels)
	o := without(upOf(p), "p-web-1")
	if _, err := PlanAgain(input(p, o), []string{"api"}, true); err != nil {
		t.Errorf("a restart of api fails: %v", err)
	}
	if _, err := PlanAgain(input(p, o), []string{"api", "web"}, true); fault.ClassOf(err) != fault.Service {
		t.Errorf("a restart of web is planned: %v", err)
	}
	if plan, err := PlanStop(p, o, []string{"web"}, nil); err != nil || len(plan.Actions) != 0 {
		t.Errorf("stop of web: %s, %v", plan, err)
	}
}

// outline is a plan without causes.
func outline(p Plan) string {
	var b strings.Builder
	for _, a := range p.Actions {
		b.WriteString(strings.Fields(string(a.Kind))[0] + " " + a.Target)
		if len(a.DependsOn) > 0 {
			b.WriteString(" after " + strings.Join(a.DependsOn, ", "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
