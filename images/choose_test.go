package images

import (
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestWhatIsDoneForAnImageFollowsFromTheFacts(t *testing.T) {
	now := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	ours := &Image{ID: "x", OS: "linux", Architecture: "amd64", Labels: map[string]string{InputsLabel: "1"}}
	theirs := &Image{ID: "x", OS: "linux", Architecture: "amd64", Tagged: now.Add(-26 * time.Hour)}
	built := &types.BuildConfig{}
	cases := []struct {
		name     string
		build    *types.BuildConfig
		policy   string
		ref      string
		platform string
		facts    facts
		action   Action
		cause    string
		class    fault.Class
	}{
		{name: "a missing image is pulled", action: Pull, cause: "not on the engine"},
		{name: "an image at hand is kept", facts: facts{have: theirs}, cause: "on the engine"},
		{name: "always pulls what is here", policy: "always", facts: facts{have: theirs}, action: Pull, cause: "pull_policy: always"},
		{name: "a name with a digest never moves", policy: "always", ref: "a@sha256:" + strings.Repeat("0", 64), facts: facts{have: theirs}, cause: "on the engine"},
		{name: "never keeps what is here", policy: "never", facts: facts{have: theirs}, cause: "on the engine"},
		{name: "never and missing is an error", policy: "never", class: fault.Image},
		{name: "a flag comes before the policy", policy: "always", facts: facts{have: theirs, pull: PullMissing}, cause: "on the engine"},
		{name: "a flag can forbid", facts: facts{pull: PullNever}, class: fault.Image},
		{name: "a flag can demand", facts: facts{have: theirs, pull: PullAlways}, action: Pull, cause: "--pull always"},
		{name: "daily pulls after a day", policy: "daily", facts: facts{have: theirs}, action: Pull, cause: "pull_policy: daily, last pulled 26 hours ago"},
		{name: "weekly waits for a week", policy: "weekly", facts: facts{have: theirs}, cause: "on the engine"},
		{name: "every_30h waits", policy: "every_30h", facts: facts{have: theirs}, cause: "on the engine"},
		{name: "an unknown age is too old", policy: "weekly", facts: facts{have: ours}, action: Pull, cause: "pull_policy: weekly, and the time of the last pull is unknown"},
		{name: "an image for another platform is pulled", platform: "linux/arm64", facts: facts{have: theirs}, action: Pull, cause: "the engine has it for linux/amd64, wanted is linux/arm64"},
		{name: "and is an error when it may not be", platform: "linux/arm64", policy: "never", facts: facts{have: theirs}, class: fault.Image},
		{name: "policy build needs a build section", policy: "build", facts: facts{have: theirs}, class: fault.Config},

		{name: "a missing image is built", build: built, action: Build, cause: "not on the engine"},
		{name: "unchanged inputs are not built", build: built, facts: facts{have: ours}, cause: "inputs unchanged"},
		{name: "changed inputs are built", build: built, facts: facts{have: ours, difference: "args.X changed"}, action: Build, cause: "args.X changed"},
		{name: "a changing base is built upon", build: built, facts: facts{have: ours, changing: "base:1"}, action: Build, cause: "base image base:1 is made anew"},
		{name: "what only the builder can see is built", build: built, facts: facts{have: ours, unpinned: "https://u:p@example.org/r.git"}, action: Build, cause: "only the builder can tell whether https://***@example.org/r.git changed"},
		{name: "--build builds", build: built, facts: facts{have: ours, build: BuildAlways}, action: Build, cause: "--build"},
		{name: "policy build builds", build: built, policy: "build", facts: facts{have: ours}, action: Build, cause: "pull_policy: build"},
		{name: "--no-build keeps what is out of date and says so", build: built, facts: facts{have: ours, difference: "Dockerfile changed", build: BuildNever}, cause: "out of date (Dockerfile changed), but --no-build"},
		{name: "--no-build pulls what is missing", build: built, facts: facts{build: BuildNever}, action: Pull, cause: "not on the engine, and --no-build"},
		{name: "--no-build and never is an error", build: built, policy: "never", facts: facts{build: BuildNever}, class: fault.Image},
		{name: "--pull always looks at base images", build: built, facts: facts{have: ours, pull: PullAlways}, action: Build, cause: "--pull always: base images are looked up again"},
		{name: "--pull never builds by content", build: built, facts: facts{have: ours, pull: PullNever}, cause: "inputs unchanged"},
		{name: "policy missing pulls before it builds", build: built, policy: "missing", action: Pull, cause: "not on the engine"},
		{name: "policy missing keeps what was pulled", build: built, policy: "missing", facts: facts{have: theirs, difference: "x"}, cause: "on the engine, pull_policy: missing"},
		{name: "policy missing watches what was built here", build: built, policy: "missing", facts: facts{have: ours, difference: "Dockerfile changed"}, action: Build, cause: "Dockerfile changed"},
		{name: "policy always pulls before it builds", build: built, policy: "always", facts: facts{have: ours}, action: Pull, cause: "pull_policy: always"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			given, err := parsePolicy(c.policy)
			if err != nil {
				t.Fatal(err)
			}
			c.facts.want = &want{ref: "a:1", platform: c.platform, policy: given, request: Request{Build: c.build}}
			if c.ref != "" {
				c.facts.want.ref = c.ref
			}
			c.facts.now = now
			got, err := choose(c.facts)
			if fault.ClassOf(err) != c.class {
				t.Fatalf("error %v, want class %v", err, c.class)
			}
			if got.action != c.action || got.cause != c.cause {
				t.Errorf("got %v %q, want %v %q", got.action, got.cause, c.action, c.cause)
			}
		})
	}
}

func TestThePlatformOfABuildIsOne(t *testing.T) {
	if _, err := buildPlatform("", []string{"linux/amd64", "linux/arm64"}); err == nil {
		t.Error("two platforms are accepted")
	}
	if got, err := buildPlatform("linux/arm64/v8", []string{"linux/amd64", "linux/arm64"}); err != nil || got != "linux/arm64/v8" {
		t.Errorf("one of two: %q, %v", got, err)
	}
	if _, err := buildPlatform("linux/s390x", []string{"linux/amd64"}); err == nil {
		t.Error("a platform that is not listed is accepted")
	}
}

func TestPlatformsAreComparedInTheirNormalForm(t *testing.T) {
	arm := Image{OS: "linux", Architecture: "arm64", Variant: "v8"}
	for name, want := range map[string]bool{
		"": true, "linux/arm64": true, "arm64": true, "linux/aarch64": true, "linux/arm64/v8": true,
		"linux/amd64": false, "windows/arm64": false, "linux/arm/v7": false,
	} {
		if arm.runsOn(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	v6 := Image{OS: "linux", Architecture: "arm", Variant: "v6"}
	if v6.runsOn("linux/arm/v7") || !v6.runsOn("linux/arm") {
		t.Error("variants")
	}
}
