package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/schema"
)

//go:generate go test . -run TestTheSupportPageIsCurrent -update

// Status says what becomes of a key of the Compose Specification.
type Status int

// The statuses of the support table.
const (
	// Supported keys take effect.
	Supported Status = iota + 1
	// Ignored keys have no effect on one engine, for a stated reason.
	Ignored
	// Refused keys are an error: no engine can do what they ask.
	Refused
)

func (s Status) String() string {
	switch s {
	case Supported:
		return "supported"
	case Ignored:
		return "ignored"
	case Refused:
		return "refused"
	}
	return "unknown"
}

// Attribute is one row of the support table. What stands below a key that is
// ignored or refused shares its fate.
type Attribute struct {
	// Key is the path in the file: "*" is a name of the author's own, "[]"
	// an element of a list.
	Key    string
	Status Status
	// API is the oldest engine API that can do it, "" for all that are
	// supported (1.41 and later).
	API string
	// Note says how it takes effect, or why not.
	Note string
	// Remedy is what to write instead of a refused key.
	Remedy string
	// silent ignored keys change nothing that anybody could miss, so that no
	// warning is due.
	silent bool
	// refuses says why a value of a supported key is refused, "" when it is
	// not.
	refuses func(value any) string
	// later says that docker compose reads such a value, so that only who
	// wants to run it is refused.
	later bool
}

// Support is the whole support table, by key.
func Support() []Attribute {
	table := slices.Concat(topLevelSupport(), fileObjectSupport(), serviceSupport(), hookSupport(), startSupport(), portSupport(),
		containerSupport(), namespaceSupport(), resourceSupport(), mountSupport(), buildSupport(), deploySupport())
	slices.SortFunc(table, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	return table
}

func supportByKey() map[string]Attribute {
	table := Support()
	rows := make(map[string]Attribute, len(table))
	for _, row := range table {
		rows[row.Key] = row
	}
	return rows
}

// rowOf returns the row of the support table for a value of a file.
func rowOf(at path) (Attribute, bool) {
	rows := supportByKey()
	pattern := ""
	for _, part := range at {
		below := pattern + ".*"
		if strings.HasPrefix(part, "\x01") {
			below = pattern + "[]"
		} else if _, ok := rows[strings.TrimPrefix(pattern+"."+part, ".")]; ok {
			below = strings.TrimPrefix(pattern+"."+part, ".")
		}
		pattern = below
	}
	row, ok := rows[pattern]
	return row, ok
}

func yes(key, note string) Attribute {
	return Attribute{Key: key, Status: Supported, Note: note}
}

func since(api, key, note string) Attribute {
	return Attribute{Key: key, Status: Supported, API: api, Note: note}
}

// except is a supported key of which some values are refused.
func except(key, note, remedy string, refuses func(value any) string) Attribute {
	return Attribute{Key: key, Status: Supported, Note: note, Remedy: remedy, refuses: refuses}
}

// limited is a supported key of which some values are for no engine.
func limited(key, note, remedy string, refuses func(value any) string) Attribute {
	return Attribute{Key: key, Status: Supported, Note: note, Remedy: remedy, refuses: refuses, later: true}
}

// ignored is a key that is left out with a warning.
func ignored(key, why string) Attribute {
	return Attribute{Key: key, Status: Ignored, Note: why}
}

// silent is a key that is left out because there is nothing it could change.
func silent(key, why string) Attribute {
	return Attribute{Key: key, Status: Ignored, Note: why, silent: true}
}

func no(key, why, remedy string) Attribute {
	return Attribute{Key: key, Status: Refused, Note: why, Remedy: remedy}
}

// unspecified is a key of compose-go's model that no file can hold: the
// specification's schema refuses it.
func unspecified(key, instead string) Attribute {
	return no(key, "not a key of the specification", instead)
}

// knownKeys are the keys that the specification has at a path.
func knownKeys(at path) []string {
	known := map[string]bool{}
	for _, attribute := range schema.AttributePaths() {
		parts := attribute.Parts()
		if len(parts) == len(at)+1 && parts[len(at)] != "*" && matches(parts, at) {
			known[parts[len(at)]] = true
		}
	}
	return slices.Sorted(maps.Keys(known))
}

func matches(pattern []string, at path) bool {
	for i, part := range at {
		isItem := strings.HasPrefix(part, "\x01")
		if pattern[i] != part && (pattern[i] != "*" || isItem) && (pattern[i] != "[]" || !isItem) {
			return false
		}
	}
	return true
}
