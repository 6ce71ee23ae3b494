package compose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	keyInText     = regexp.MustCompile(`\b(?:services|networks|volumes|secrets|configs|include)(?:\.[\w-]+|\[\d*\]|\.\[\d*\])+`)
	serviceInText = regexp.MustCompile(`service "([\w.-]+)"`)
	decodeFault   = regexp.MustCompile(`(?m)^\s*'([^']+)' (.+)$`)
	numberFault   = regexp.MustCompile(`^strconv\.\w+: parsing ("(?:[^"\\]|\\.)*"): .*$`)
)

// addError reports an error of compose-go: one problem for each value that it
// could not decode, else one, with the place that its text names.
func (b *builder) addError(err error) {
	text := strings.TrimSuffix(err.Error(), ": invalid compose project")
	faults := decodeFault.FindAllStringSubmatch(text, -1)
	for _, m := range faults {
		message := numberFault.ReplaceAllString(m[2], "$1 is not a number")
		b.ps.add(b.sources.problem(decodedPath(m[1]), message, ""))
	}
	if len(faults) > 0 {
		return
	}
	if key := keyInText.FindString(text); key != "" {
		at := decodedPath(strings.ReplaceAll(key, ".[", "["))
		b.ps.add(b.sources.problem(at, strings.TrimLeft(strings.Replace(text, key, "", 1), ":. "), ""))
		return
	}
	if m := serviceInText.FindStringSubmatch(text); m != nil {
		b.ps.add(b.sources.problem(path{"services", m[1]}, text, ""))
		return
	}
	b.ps.add(Problem{File: b.sources.at.files[0], Message: text})
}

var pathPart = regexp.MustCompile(`[^.\[\]]+|\[[^\]]*\]`)

// decodedPath reads a path as the decoder writes it: services[api].ports[0].
// An element whose index is not said is left to the list around it.
func decodedPath(text string) path {
	var at path
	for _, part := range pathPart.FindAllString(text, -1) {
		key, inBrackets := strings.CutPrefix(part, "[")
		key = strings.TrimSuffix(key, "]")
		if inBrackets && key == "" {
			break
		}
		if i, err := strconv.Atoi(key); err == nil && inBrackets {
			key = item(i)
		}
		at = at.next(key)
	}
	return slices.Clip(at)
}
