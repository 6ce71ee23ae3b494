package cli

import (
	"fmt"
	"slices"
	"strings"
)

// choice is a flag's value that is one of a few words.
type choice struct {
	value *string
	words []string
}

// newChoice is a choice whose first word is the default.
func newChoice(value *string, words ...string) *choice {
	*value = words[0]
	return &choice{value, words}
}

// optionalChoice is a choice that may be left out: *value is "" then.
func optionalChoice(value *string, words ...string) *choice { return &choice{value, words} }

// Set is called with what the user wrote.
func (c *choice) Set(text string) error {
	if !slices.Contains(c.words, text) {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(c.words, ", "))
	}
	*c.value = text
	return nil
}

// String is the value.
func (c *choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// Type lists the words, for the help.
func (c *choice) Type() string { return strings.Join(c.words, "|") }
