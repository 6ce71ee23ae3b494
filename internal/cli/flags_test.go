package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/images"
)

func TestWhatTheUserGetsWrongIsAUsageErrorAndNothingBegins(t *testing.T) {
	for line, words := range map[string]string{
		"":                                    "no command given",
		"upp":                                 `unknown command "upp"`,
		"--bogus up":                          "unknown flag: --bogus",
		"up --bogus":                          "see stackctl up --help",
		"up --wait-timeout soon":              "write 90s, 2m or 90",
		"up --wait-timeout -5s":               "negative",
		"up --build --no-build":               "--build and --no-build exclude each other",
		"up --pull sometimes":                 "always, missing, never",
		"up --scale web=many":                 "SERVICE=N",
		"up --scale nobody=2":                 "nobody",
		"up --report report.pdf":              ".json",
		"status -o xml":                       "table, wide, json, yaml",
		"status --watch -o json":              "--watch",
		"down web":                            "unknown command",
		"down --rmi some":                     "local, all",
		"logs --tail few":                     "--tail",
		"logs --since whenever":               "--since",
		"config --services --quiet":           "exclude each other",
		"config --hash nobody":                "nobody",
		"--progress loud version":             "auto, tty, plain, json, quiet",
		"--log-level loud version":            "debug",
		"version extra":                       "unknown command",
		"plan --no-recreate --force-recreate": "exclude each other",
	} {
		t.Run(line, func(t *testing.T) {
			p := newProgram(t, shop)
			p.ops.up, p.ops.down = nil, nil
			p.expect(t, 2, line, words, "✖ ")
			if p.out.String() != "" {
				t.Errorf("something was written to the standard output: %q", p.out.String())
			}
		})
	}
}

func TestEveryFlagOfUpReachesTheOrchestrator(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "up --build --pull never --wait-timeout 90 --deadline 2m --stable-for 0 -t 7 --force-recreate "+
		"--remove-orphans --scale db=3 --rollback --allow-unverified --wait -d db")
	o := p.got
	if o.Images.Build != images.BuildAlways || o.Images.Pull != images.PullNever || o.WaitTimeout != 90*time.Second ||
		o.Deadline != 2*time.Minute || o.StableFor == nil || *o.StableFor != 0 || o.Redact == nil {
		t.Errorf("got %+v", o)
	}
	if plan := o.Plan; !plan.ForceRecreate || !plan.RemoveOrphans || !plan.Rollback || !plan.AllowUnverified || *plan.Grace != 7*time.Second {
		t.Errorf("got %+v", plan)
	}
	if p.project.Services["web"] != nil || p.project.Services["db"].Replicas() != 3 {
		t.Errorf("got services %v", p.project.ServiceNames())
	}
	p.expect(t, 0, "up")
	if p.got.StableFor != nil || p.got.Plan.Grace != nil || p.got.WaitTimeout != 0 || p.got.Images.Build != images.BuildAuto {
		t.Errorf("without flags: %+v", p.got)
	}
}

func TestAServiceCannotBeScaledBeyondWhatTheFileAllows(t *testing.T) {
	p := newProgram(t, "name: x\nservices:\n  a: {image: a, container_name: the-one}\n  b: {image: b, ports: ['80:80']}\n")
	p.expect(t, 3, "up --scale a=2", "container_name")
	p.expect(t, 3, "up --scale b=2", "host port 80")
	p.expect(t, 0, "up --scale b=1 --scale a=0")
}

func TestTheNumberOfContainersIsTheFlagsBeforeAnythingIsChecked(t *testing.T) {
	p := newProgram(t, "name: x\nservices:\n  a: {image: a, scale: 2, container_name: the-one}\n"+
		"  b: {image: b, deploy: {replicas: 2}, ports: ['80:80']}\n  c: {image: c, profiles: [p]}\n")
	p.expect(t, 3, "up", "2 replicas cannot have one name", "2 replicas cannot hold one host port")
	p.expect(t, 0, "down")
	for _, command := range []string{"up", "plan", "status", "up --dry-run"} {
		p.expect(t, 0, command+" --scale a=1 --scale b=1")
		if a, b := p.project.Services["a"].Replicas(), p.project.Services["b"].Replicas(); a != 1 || b != 1 {
			t.Errorf("%s: %d and %d containers", command, a, b)
		}
		p.expect(t, 0, command+" --scale a=0 --scale b=1 b")
		p.expect(t, 0, command+" --scale a=1 --scale b=1 --scale c=1 b", "--scale a=1: this run is not about a", "--scale c=1: this run is not about c")
		p.expect(t, 2, command+" --scale a=1 --scale b=1 --scale d=1", "no service \"d\"")
	}
}

func TestAFlagWinsOverTheEnvironment(t *testing.T) {
	p := newProgram(t, shop)
	p.env = append(p.env, "STACKCTL_WAIT_TIMEOUT=30", "STACKCTL_BUILD=true", "STACKCTL_SCALE=db=2,web=2", "STACKCTL_STABLE_FOR=")
	p.expect(t, 0, "up")
	if p.got.WaitTimeout != 30*time.Second || p.got.Images.Build != images.BuildAlways || p.got.StableFor != nil {
		t.Errorf("from the environment: %+v", p.got)
	}
	if p.project.Services["db"].Replicas() != 2 || p.project.Services["web"].Replicas() != 2 {
		t.Error("several values in one variable do not count")
	}
	p.expect(t, 0, "up --wait-timeout 5 --no-build")
	if p.got.WaitTimeout != 5*time.Second || p.got.Images.Build != images.BuildNever {
		t.Errorf("the flag does not win: %+v", p.got)
	}
	p.env = append(p.env, "STACKCTL_WAIT_TIMEOUT=soon")
	p.expect(t, 2, "up", "STACKCTL_WAIT_TIMEOUT")
}

func TestTheComposeFileMayBeNamedBeforeAndBehindTheCommand(t *testing.T) {
	p := newProgram(t, shop)
	if err := os.WriteFile("other.yaml", []byte("name: other\nservices: {one: {image: one}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"-f other.yaml up", "up -f other.yaml", "--no-color -f other.yaml up", "--file=other.yaml up"} {
		p.project = nil
		p.expect(t, 0, line)
		if p.project.Name != "other" {
			t.Errorf("%q takes project %s", line, p.project.Name)
		}
	}
	p.env = append(p.env, "STACKCTL_FILE=other.yaml")
	p.expect(t, 0, "-f compose.yaml up")
	if p.project.Name != "shop" {
		t.Error("the environment wins over a flag before the command")
	}
	p.expect(t, 0, "up -p renamed")
	if p.project.Name != "renamed" || len(p.project.Services) != 1 {
		t.Errorf("got %s with %v", p.project.Name, p.project.ServiceNames())
	}
}

func TestTheEngineIsTheOneThatTheUserNames(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "-H tcp://engine:2375 --context far up")
	if p.docker.Host != "tcp://engine:2375" || p.docker.Context != "far" || len(p.docker.Environ) != len(p.env) {
		t.Errorf("got %+v", p.docker)
	}
}

func TestDownTakesItsFlagsAndCountsWhatWent(t *testing.T) {
	p := newProgram(t, strings.Replace(shop, "shop/db", "shop/db${NOT_SET}", 1))
	p.expect(t, 0, "down -v --remove-orphans --rmi local -t 3")
	if o := p.gotDown; !o.Volumes || !o.RemoveOrphans || o.Images != "local" || *o.Grace != 3*time.Second {
		t.Errorf("got %+v", o)
	}
	if p.out.String() != "shop is down: 1 object removed\n" {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 3, "up", "NOT_SET")
}
