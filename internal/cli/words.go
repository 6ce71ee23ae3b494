package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// words is a flag's value that may be given several times; all of them count,
// in their order, wherever on the command line they stand.
type words struct{ list *[]string }

var _ pflag.SliceValue = words{}

// Set adds one.
func (w words) Set(text string) error { return w.Append(text) }

// Append adds one.
func (w words) Append(text string) error {
	*w.list = append(*w.list, text)
	return nil
}

// Replace takes these instead of all.
func (w words) Replace(list []string) error {
	*w.list = list
	return nil
}

// GetSlice returns all.
func (w words) GetSlice() []string { return *w.list }

// String is empty for none, as the help expects of a value that is left out.
func (w words) String() string {
	if w.list == nil || len(*w.list) == 0 {
		return ""
	}
	return strings.Join(*w.list, ",")
}

// Type is the word for one value in the help; the usage names it better.
func (words) Type() string { return "word" }
