package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
)

// specimens are all of them.
func specimens() []specimen {
	return slices.Concat(processSpecimens(), limitSpecimens(), networkSpecimens(), mountSpecimens(), buildSpecimens(), serviceSpecimens())
}

func TestEverySupportedKeyIsSeenOnTheEngine(t *testing.T) {
	for _, x := range specimens() {
		t.Run(x.name, x.run)
	}
}

// unstaged are keys that no specimen can show, with the reason.
func unstaged() map[string]string {
	return map[string]string{}
}

func TestEverySupportedKeyHasASpecimen(t *testing.T) {
	shown := map[string]bool{}
	for _, x := range specimens() {
		for _, sight := range append(x.sees, sight{keys: x.shows}) {
			for _, key := range strings.Fields(sight.keys) {
				shown[key] = true
			}
		}
	}
	excused, known := unstaged(), map[string]bool{}
	for _, row := range compose.Support() {
		known[row.Key] = row.Status == compose.Supported
		switch {
		case row.Status != compose.Supported:
		case !shown[row.Key] && excused[row.Key] == "":
			t.Errorf("no specimen shows %s: add one, or say why it cannot be staged", row.Key)
		case shown[row.Key] && excused[row.Key] != "":
			t.Errorf("%s is shown although it is said that it cannot be", row.Key)
		}
	}
	for key := range shown {
		if !known[key] {
			t.Errorf("a specimen shows %s, which is no supported key", key)
		}
	}
	for key := range excused {
		if !known[key] {
			t.Errorf("%s is excused, but is no supported key", key)
		}
	}
}
