package sanitize

import (
	"cmp"
	"slices"
	"strings"
)

// Names are public names, for the values that they contain.
type Names struct{ around map[string][]occurrence }

// occurrence is a value inside of a name: what of the name stands before and
// after it.
type occurrence struct{ before, after string }

// NewNames finds the values in the names. A name that is one of the values
// hides nothing and protects nothing.
func NewNames(names, values []string) Names {
	around := map[string][]occurrence{}
	all := strings.Join(names, "\x00")
	for _, value := range values {
		if !strings.Contains(all, value) {
			continue
		}
		for _, name := range names {
			for from := 0; value != "" && len(name) > len(value); from++ {
				at := strings.Index(name[from:], value)
				if at < 0 {
					break
				}
				from += at
				if o := (occurrence{name[:from], name[from+len(value):]}); !slices.Contains(around[value], o) {
					around[value] = append(around[value], o)
				}
			}
		}
	}
	return Names{around}
}

// cover says whether the value at from in s is a part of a name that stands
// there as a word of its own.
func (n Names) cover(s, value string, from int) bool {
	before, after := s[:from], s[from+len(value):]
	return slices.ContainsFunc(n.around[value], func(o occurrence) bool {
		left, isBefore := strings.CutSuffix(before, o.before)
		right, isAfter := strings.CutPrefix(after, o.after)
		return isBefore && isAfter && (left == "" || !isAlphanumeric(left[len(left)-1])) && (right == "" || !isAlphanumeric(right[0]))
	})
}

func isAlphanumeric(b byte) bool { return b != '_' && isNameByte(b) }

// span is a part of a text that one of the values takes.
type span struct {
	from, to int
	value    string
}

// Replace replaces the values in s by what with says of each, except where
// they are a part of a name. Of values that overlap the first one stands for all.
func (n Names) Replace(s string, values []string, with func(value string) string) string {
	var found []span
	for _, value := range values {
		for from := 0; value != ""; from++ {
			at := strings.Index(s[from:], value)
			if at < 0 {
				break
			}
			if from += at; !n.cover(s, value, from) {
				found = append(found, span{from, from + len(value), value})
			}
		}
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var out strings.Builder
	end := 0
	for _, f := range found {
		if f.from >= end {
			out.WriteString(s[end:f.from] + with(f.value))
		}
		end = max(end, f.to)
	}
	return out.String() + s[end:]
}
