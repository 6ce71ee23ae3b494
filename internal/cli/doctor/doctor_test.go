package doctor

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// fit are the facts about a machine on which nothing is wrong.
func fit() Facts {
	free := 20
	return Facts{
		Project: "shop", Services: 3,
		Engine: orchestrator.EngineInfo{Endpoint: "unix:///var/run/docker.sock", Version: "28.5.2", APIVersion: "1.51", OS: "linux", Arch: "amd64", StartInterval: true, Local: true, Host: "127.0.0.1"},
		Memory: true, CPU: true, Pids: true, BuildKit: true, Builds: true,
		Disk: &Disk{Path: "/var/lib/docker", Free: 50 << 30, Total: 100 << 30, Inodes: 0.9}, FreeNetworks: &free, WantedNetworks: 2,
		LockDir: "/run/user/0/stackctl",
	}
}

func TestAMachineOnWhichNothingIsWrongIsFit(t *testing.T) {
	all := Judge(fit())
	for _, f := range all {
		if f.Status != Fit || f.Message == "" {
			t.Errorf("%+v", f)
		}
	}
	if Worst(all) != fault.None || len(all) != 13 {
		t.Errorf("%d findings, the worst is %s", len(all), Worst(all))
	}
}

func TestWhatIsWrongIsFoundWithItsRemedy(t *testing.T) {
	number := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		spoil  func(*Facts)
		find   string
		status Status
		class  fault.Class
		words  string
	}{
		"a broken file":      {func(f *Facts) { f.ProjectErr = fault.New(fault.Config, "no image").WithHint("add one") }, "compose file", Unfit, fault.Config, "no image"},
		"no file":            {func(f *Facts) { f.NoProject, f.ProjectErr = true, errors.New("none") }, "compose file", Unknown, fault.None, "only the machine"},
		"no engine":          {func(f *Facts) { f.EngineErr = fault.New(fault.Engine, "gone").WithHint("start it") }, "engine", Unfit, fault.Engine, "gone"},
		"a clock behind":     {func(f *Facts) { f.Engine.ClockAhead = -5 * time.Minute }, "clock", Warning, fault.None, "5m0s behind"},
		"a clock ahead":      {func(f *Facts) { f.Engine.ClockAhead = 3 * time.Second }, "clock", Warning, fault.None, "3s ahead of"},
		"a full disk":        {func(f *Facts) { f.Disk.Free = 1<<30 - 1 }, "disk", Unfit, fault.Resource, "of 100GiB free"},
		"a disk almost full": {func(f *Facts) { f.Disk.Free = 5<<30 - 1 }, "disk", Warning, fault.None, "5GiB"},
		"no inodes":          {func(f *Facts) { f.Disk.Inodes = 0.001 }, "disk", Unfit, fault.Resource, "0.1% of its inodes"},
		"another host":       {func(f *Facts) { f.Disk = nil }, "disk", Unknown, fault.None, "not on this host"},
		"no way to ports":    {func(f *Facts) { f.Engine.Unreachable = "no way" }, "published ports", Warning, fault.None, "no way"},
		"no memory limit":    {func(f *Facts) { f.Memory = false }, "limits", Warning, fault.None, "cannot limit: memory"},
		"limits unknown":     {func(f *Facts) { f.MachineErr = errors.New("no answer") }, "limits", Unknown, fault.None, "no answer"},
		"no BuildKit":        {func(f *Facts) { f.BuildKit = false }, "builder", Warning, fault.None, "no BuildKit"},
		"no pools left":      {func(f *Facts) { f.FreeNetworks = number(1) }, "networks", Unfit, fault.Resource, "room for 1 network more, 2 wanted"},
		"few pools left":     {func(f *Facts) { f.FreeNetworks = number(4) }, "networks", Warning, fault.None, "room for 4 networks more"},
		"pools unknown":      {func(f *Facts) { f.FreeNetworks = nil }, "networks", Unknown, fault.None, "does not say"},
		"a plan refused":     {func(f *Facts) { f.PlanErr = fault.New(fault.Service, "unverified").WithHint("add a check") }, "plan", Unfit, fault.Service, "unverified"},
		"a port taken":       {func(f *Facts) { f.PortsErr = fault.New(fault.Resource, "port 80 is taken").WithHint("stop it") }, "ports", Unfit, fault.Resource, "port 80"},
		"no such image":      {func(f *Facts) { f.Offers = map[string]error{"a:1": nil, "b:1": fault.New(fault.Image, "b:1: denied")} }, "images", Unfit, fault.Image, "b:1: denied"},
		"no place for locks": {func(f *Facts) { f.LockErr = errors.New("read-only") }, "lock", Warning, fault.None, "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			facts := fit()
			c.spoil(&facts)
			all := Judge(facts)
			i := slices.IndexFunc(all, func(f Finding) bool { return f.Name == c.find && f.Status == c.status })
			if i < 0 {
				t.Fatalf("it is not found: %+v", all)
			}
			if !strings.Contains(all[i].Message, c.words) || all[i].Remedy == "" && c.status != Unknown {
				t.Errorf("%+v", all[i])
			}
			if got := Worst(all); got != c.class {
				t.Errorf("the worst is %s", got)
			}
			for line := range strings.Lines(Text(console.Style{}, 80, all)) {
				if console.Width(strings.TrimSuffix(line, "\n")) > 80 {
					t.Errorf("too wide: %q", line)
				}
			}
		})
	}
}

func TestTheFirstFindingThatIsUnfitDecides(t *testing.T) {
	facts := fit()
	facts.Disk.Free = 0
	facts.Offers = map[string]error{"a": fault.New(fault.Image, "no")}
	if got := Worst(Judge(facts)); got != fault.Resource {
		t.Errorf("got %s", got)
	}
	d := MakeDocument(facts.Engine, Judge(facts))
	if d.Fit || d.ExitCode != 6 || d.Class != "resource" || d.Findings[0].Class != "none" {
		t.Errorf("%+v", d)
	}
}

func TestEveryFieldIsOnThePage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Document](), reflect.TypeFor[FindingDocument]()} {
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("`%s` is not on the page", name)
			}
		}
	}
}
