package images

import (
	"fmt"
	"time"

	"github.com/docker/go-units"
	"github.com/stackctl/stackctl/internal/fault"
)

// facts are all that the choice for one image depends on.
type facts struct {
	want *want
	// have is the image on the engine, nil when there is none.
	have *Image
	// difference says what the inputs of have are not; only for builds.
	difference string
	// unpinned is an address that only the builder can look at.
	unpinned string
	// changing is a base image that this run makes or pulls, "" when none.
	changing string
	build    BuildMode
	pull     PullMode
	now      time.Time
}

// choice is what is to be done for one image, and why.
type choice struct {
	action Action
	cause  string
	// orBuild allows a build when the pull fails; forced says that somebody
	// asked for the build, whatever the inputs.
	orBuild, forced bool
}

// choose decides what is to be done for one image.
func choose(f facts) (choice, error) {
	switch {
	case f.want.request.Build == nil:
		return choosePull(f)
	case f.build == BuildNever:
		return chooseUnbuilt(f)
	default:
		return chooseBuild(f)
	}
}

// choosePull decides for an image that can only be pulled.
func choosePull(f facts) (choice, error) {
	p := f.want.policy
	if f.pull != PullDefault {
		p = policy{text: "--pull " + string(f.pull), kind: map[PullMode]pullKind{
			PullAlways: pullAlways, PullMissing: pullMissing, PullNever: pullNever}[f.pull]}
	}
	if p.kind == pullBuild {
		return choice{}, fault.New(fault.Config, "pull_policy: build, but there is no build section")
	}
	why := ""
	switch fits := f.have != nil && f.have.runsOn(f.want.platform); {
	case f.have == nil:
		why = "not on the engine"
	case !fits:
		why = fmt.Sprintf("the engine has it for %s, wanted is %s", f.have.platform(), f.want.platform)
	case p.kind == pullAlways && !isPinnedRef(f.want.ref):
		why = policyText(p)
	case p.kind == pullRefresh && !isPinnedRef(f.want.ref):
		why = refreshCause(p, f)
	}
	if why == "" {
		return choice{cause: "on the engine"}, nil
	}
	if p.kind == pullNever {
		return choice{}, fault.New(fault.Image, "image %s: %s, and %s forbids to pull it", f.want.ref, why, policyText(p)).
			WithHint("docker pull %s", f.want.ref)
	}
	return choice{action: Pull, cause: why}, nil
}

func policyText(p policy) string {
	if p.text == "" || p.text[0] == '-' {
		return p.text
	}
	return "pull_policy: " + p.text
}

// refreshCause says why an image is due for a pull; "" when it is not.
func refreshCause(p policy, f facts) string {
	if f.have.Tagged.IsZero() {
		return policyText(p) + ", and the time of the last pull is unknown"
	}
	age := f.now.Sub(f.have.Tagged)
	if age < p.window {
		return ""
	}
	return fmt.Sprintf("%s, last pulled %s ago", policyText(p), units.HumanDuration(age))
}

// chooseUnbuilt decides for an image with a build section when building is
// forbidden: what is there runs, even if it is out of date.
func chooseUnbuilt(f facts) (choice, error) {
	if f.have != nil && f.have.runsOn(f.want.platform) {
		if f.difference != "" {
			return choice{cause: "out of date (" + f.difference + "), but --no-build"}, nil
		}
		return choice{cause: "inputs unchanged"}, nil
	}
	if f.want.policy.kind == pullNever || f.pull == PullNever {
		return choice{}, fault.New(fault.Image, "image %s is not on the engine, and it may be neither built nor pulled", f.want.ref).
			WithHint("run without --no-build")
	}
	return choice{action: Pull, cause: "not on the engine, and --no-build"}, nil
}

// chooseBuild decides for an image with a build section.
func chooseBuild(f facts) (choice, error) {
	p := f.want.policy
	switch {
	case f.build == BuildAlways:
		return choice{action: Build, cause: "--build", forced: true}, nil
	case p.kind == pullBuild:
		return choice{action: Build, cause: policyText(p), forced: true}, nil
	case f.pull == PullAlways:
		return choice{action: Build, cause: "--pull always: base images are looked up again", forced: true}, nil
	case f.pull == PullNever || f.pull == PullMissing && p.kind != pullMissing:
		return byContent(f), nil
	case p.kind == pullAlways:
		return choice{action: Pull, cause: policyText(p), orBuild: true}, nil
	case p.kind == pullRefresh && f.have != nil && f.have.Labels[InputsLabel] == "":
		if why := refreshCause(p, f); why != "" {
			return choice{action: Pull, cause: why, orBuild: true}, nil
		}
		return choice{cause: "on the engine"}, nil
	case p.kind == pullMissing && f.have != nil && f.have.Labels[InputsLabel] == "":
		return choice{cause: "on the engine, " + policyText(p)}, nil
	case (p.kind == pullMissing || p.kind == pullRefresh) && f.have == nil:
		return choice{action: Pull, cause: "not on the engine", orBuild: true}, nil
	}
	return byContent(f), nil
}

// byContent builds exactly when the inputs are not those of the image at hand.
func byContent(f facts) choice {
	switch {
	case f.have == nil:
		return choice{action: Build, cause: "not on the engine"}
	case !f.have.runsOn(f.want.platform):
		return choice{action: Build, cause: fmt.Sprintf("the engine has it for %s, wanted is %s", f.have.platform(), f.want.platform)}
	case f.unpinned != "":
		return choice{action: Build, cause: "only the builder can tell whether " + redact(f.unpinned) + " changed"}
	case f.difference != "":
		return choice{action: Build, cause: f.difference}
	case f.changing != "":
		return choice{action: Build, cause: "base image " + f.changing + " is made anew"}
	default:
		return choice{cause: "inputs unchanged"}
	}
}
