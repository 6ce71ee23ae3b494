package images

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/stackctl/stackctl/internal/sanitize"
)

// The labels that an image built here carries.
const (
	// InputsLabel holds the digest of all inputs of the build.
	InputsLabel = "io.stackctl.inputs"
	// PartsLabel holds a short digest of each input, as JSON, so that a
	// later run can say which one changed.
	PartsLabel = "io.stackctl.inputs.parts"
)

// recipeVersion is part of every digest: a change of what goes into a digest,
// or of how builds are run, makes all images anew.
const recipeVersion = "1"

// contextPart prefixes the parts that name single entries of the context. They
// explain a digest and are no part of it.
const contextPart = "context: "

// shortDigest is how many hexadecimal digits of a part's digest are kept in an
// image: enough to tell two states of one input apart.
const shortDigest = 12

// maxName is how many bytes of an input's name are shown.
const maxName = 200

// parts are the inputs of a build by name, each with its digest.
type parts map[string]digest.Digest

// set takes in an input by its text; an empty one is no input.
func (p parts) set(name, text string) {
	if text != "" {
		p[name] = digest.FromString(text)
	}
}

// digest is the identity of all inputs together.
func (p parts) digest() string {
	whole := digest.SHA256.Digester()
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if !strings.HasPrefix(name, contextPart) {
			_, _ = fmt.Fprintf(whole.Hash(), "%q %s\n", name, p[name])
		}
	}
	_, _ = io.WriteString(whole.Hash(), "recipe "+recipeVersion)
	return whole.Digest().String()
}

// labels are what the image gets to remember its inputs by.
func (p parts) labels() map[string]string {
	short := make(map[string]string, len(p))
	for name, value := range p {
		short[name] = value.Encoded()[:shortDigest]
	}
	text, err := json.Marshal(short)
	if err != nil { // a map of strings has a JSON form
		text = nil
	}
	return map[string]string{InputsLabel: p.digest(), PartsLabel: string(text)}
}

// difference says which inputs are not those that made the image with these
// labels; "" when all are.
func (p parts) difference(labels map[string]string) string {
	made, ok := labels[InputsLabel]
	if !ok {
		return "the image here was not built by stackctl"
	}
	if made == p.digest() {
		return ""
	}
	var old map[string]string
	if err := json.Unmarshal([]byte(labels[PartsLabel]), &old); err != nil || len(old) == 0 {
		return "inputs changed"
	}
	changes, entries := p.changes(old)
	return describe(changes, entries)
}

// changes lists the parts that differ, those of the context apart.
func (p parts) changes(old map[string]string) (changes, entries []string) {
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range p {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		change := ""
		was, had := old[name]
		is, has := p[name]
		switch {
		case had && !has:
			change = "removed"
		case has && !had:
			change = "added"
		case is.Encoded()[:shortDigest] != was:
			change = "changed"
		}
		// Names come from files and from the labels of images of any origin.
		shown := sanitize.Line(name, maxName)
		if entry, ok := strings.CutPrefix(shown, contextPart); ok && change != "" {
			entries = append(entries, entry+" "+change)
		} else if change != "" {
			changes = append(changes, shown+" "+change)
		}
	}
	return changes, entries
}

// describe is the sentence about what changed, short enough for one line.
func describe(changes, entries []string) string {
	for i, change := range changes {
		if change == "context changed" && len(entries) > 0 {
			changes[i] = contextPart + entries[0]
			if len(entries) > 1 {
				changes[i] += fmt.Sprintf(" and %d more", len(entries)-1)
			}
		}
	}
	switch {
	case len(changes) == 0:
		return "stackctl builds images another way now"
	case len(changes) > 3:
		return strings.Join(changes[:3], ", ") + fmt.Sprintf(", %d more", len(changes)-3)
	default:
		return strings.Join(changes, ", ")
	}
}
