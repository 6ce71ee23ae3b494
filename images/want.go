package images

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
)

// want is one image with all requests for it.
type want struct {
	// key is the full name; equal keys mean the same image.
	key      string
	ref      string
	services []string
	// request is the one that says how it is built, else the first.
	request  Request
	platform string
	policy   policy
}

// policy is a pull_policy, read.
type policy struct {
	kind pullKind
	// text is what the file says, for messages.
	text string
	// window is how old the last pull may be, for refresh.
	window time.Duration
}

// pullKind orders the policies: of several services with one image the most
// demanding wins.
type pullKind int

const (
	pullNever pullKind = iota
	pullUnsaid
	pullMissing
	pullRefresh
	pullAlways
	pullBuild
)

func parsePolicy(text string) (policy, error) {
	var config types.ServiceConfig
	config.PullPolicy = text
	kind, window, err := config.GetPullPolicy()
	if err != nil {
		return policy{}, err
	}
	out := policy{text: text, window: window}
	switch {
	case text == "":
		out.kind = pullUnsaid
	case kind == types.PullPolicyNever:
		out.kind = pullNever
	case kind == types.PullPolicyAlways, kind == types.PullPolicyRefresh && window == 0:
		out.kind = pullAlways
	case kind == types.PullPolicyBuild:
		out.kind = pullBuild
	case kind == types.PullPolicyRefresh:
		out.kind = pullRefresh
	default:
		out.kind = pullMissing
	}
	return out, nil
}

// imageKey is the full form of an image's name, for comparison.
func imageKey(ref string) (string, error) {
	parsed, err := reference.ParseAnyReference(ref)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", ref, err)
	}
	if named, ok := parsed.(reference.Named); ok {
		return reference.TagNameOnly(named).String(), nil
	}
	return parsed.String(), nil
}

// isPinnedRef says whether a name contains the digest of its content, so that
// a pull can bring nothing new.
func isPinnedRef(ref string) bool {
	parsed, err := reference.ParseAnyReference(ref)
	if err != nil {
		return false
	}
	_, ok := parsed.(reference.Digested)
	return ok
}

// gather groups the requests by image, sorted by name. Requests that
// contradict each other are errors.
func gather(requests []Request) ([]*want, error) {
	wants := map[string]*want{}
	var wrong []error
	for _, request := range requests {
		key, err := imageKey(request.Ref)
		if err != nil {
			wrong = append(wrong, request.fault("service "+request.Service, err))
			continue
		}
		if wants[key] == nil {
			wants[key] = &want{key: key, ref: request.Ref, request: request, platform: request.Platform, policy: policy{kind: -1}}
		}
		if err := wants[key].add(request); err != nil {
			wrong = append(wrong, request.fault("service "+request.Service, err))
		}
	}
	out := make([]*want, 0, len(wants))
	for _, w := range wants {
		slices.Sort(w.services)
		w.services = slices.Compact(w.services)
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b *want) int { return cmp.Compare(a.ref, b.ref) })
	return out, errors.Join(wrong...)
}

// add takes in one more request for the image.
func (w *want) add(request Request) error {
	w.services = append(w.services, request.Service)
	given, err := parsePolicy(request.Policy)
	if err != nil {
		return err
	}
	if normalPlatform(request.Platform) != normalPlatform(w.platform) {
		return fmt.Errorf("image %s is wanted for %s and, by service %s, for %s: give one of them another name",
			w.ref, orOwn(request.Platform), w.request.Service, orOwn(w.platform))
	}
	switch {
	case request.Build == nil && w.request.Build != nil:
		return nil // it runs what another service builds
	case request.Build != nil && w.request.Build == nil:
		w.request, w.policy = request, given
	case request.Build != nil && asJSON(request.Build) != asJSON(w.request.Build):
		return fmt.Errorf("it builds %s in another way than service %s does: give one of them another image name",
			w.ref, w.request.Service)
	case given.kind > w.policy.kind || given.kind == w.policy.kind && given.window < w.policy.window:
		w.policy = given
	}
	return nil
}

func orOwn(platform string) string {
	return cmp.Or(platform, "the engine's own platform")
}
