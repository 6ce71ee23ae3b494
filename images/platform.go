package images

import (
	"fmt"
	"slices"
	"strings"
)

// normalPlatform brings the spellings of one platform into one form,
// "os/arch[/variant]". "" stays "".
func normalPlatform(name string) string {
	if name == "" {
		return ""
	}
	parts := strings.Split(strings.ToLower(strings.TrimSpace(name)), "/")
	if len(parts) == 1 {
		parts = []string{"linux", parts[0]}
	}
	switch parts[1] {
	case "x86_64", "x86-64":
		parts[1] = "amd64"
	case "aarch64":
		parts[1] = "arm64"
	case "armhf":
		parts = []string{parts[0], "arm", "v7"}
	case "armel":
		parts = []string{parts[0], "arm", "v6"}
	case "i386":
		parts[1] = "386"
	}
	// The first 64-bit ARM has only one variant, mostly left unsaid; so has
	// the oldest x86-64.
	if len(parts) == 3 && (parts[1] == "arm64" && parts[2] == "v8" || parts[1] == "amd64" && parts[2] == "v1") {
		parts = parts[:2]
	}
	return strings.Join(parts, "/")
}

// platform is the platform of an image in its normal form, "" when the engine
// does not say.
func (i Image) platform() string {
	if i.OS == "" || i.Architecture == "" {
		return ""
	}
	name := i.OS + "/" + i.Architecture
	if i.Variant != "" {
		name += "/" + i.Variant
	}
	return normalPlatform(name)
}

// runsOn says whether the image is for the platform that is asked for. What
// the request leaves open, and what the image does not say about its variant,
// fits.
func (i Image) runsOn(want string) bool {
	want, have := normalPlatform(want), i.platform()
	if want == "" || want == have {
		return true
	}
	wantParts, haveParts := strings.Split(want, "/"), strings.Split(have, "/")
	if len(wantParts) > 2 && len(haveParts) > 2 {
		return false
	}
	return len(wantParts) >= 2 && len(haveParts) >= 2 && slices.Equal(wantParts[:2], haveParts[:2])
}

// buildPlatform chooses the one platform of a build: what the service wants,
// else the only one of the list.
func buildPlatform(wanted string, list []string) (string, error) {
	if wanted != "" {
		fits := func(name string) bool { return normalPlatform(name) == normalPlatform(wanted) }
		if len(list) > 0 && !slices.ContainsFunc(list, fits) {
			return "", fmt.Errorf("build.platforms (%s) lacks the service's platform %s", strings.Join(list, ", "), wanted)
		}
		return wanted, nil
	}
	switch len(list) {
	case 0:
		return "", nil
	case 1:
		return list[0], nil
	default:
		return "", fmt.Errorf("build.platforms names %d platforms (%s), but one container runs on one: say which with the service's platform",
			len(list), strings.Join(list, ", "))
	}
}
