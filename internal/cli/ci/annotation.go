package ci

import (
	"fmt"
	"strings"
)

// Annotation is an error that a CI system shows at a line of a file.
type Annotation struct {
	Title, Message string
	// File is relative to the repository, or "". Line and Column count from
	// 1; 0 is unknown.
	File         string
	Line, Column int
}

// Command is the annotation as a line for the log, "" where the system has
// none.
func (s System) Command(a Annotation) string {
	if s != GitHub {
		return ""
	}
	properties := []string{"title=" + escapeProperty(a.Title)}
	if a.File != "" {
		properties = append(properties, "file="+escapeProperty(a.File))
		if a.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", a.Line))
		}
		if a.Line > 0 && a.Column > 0 {
			properties = append(properties, fmt.Sprintf("col=%d", a.Column))
		}
	}
	return "::error " + strings.Join(properties, ",") + "::" + escapeData(a.Message) + "\n"
}

// escapeData is text as GitHub's runner takes it behind a command; the runner
// undoes it, and finds no second command in it.
func escapeData(text string) string {
	return strings.NewReplacer(legacy, `##\[`, "%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapeProperty is text as the value of a property of a command.
func escapeProperty(text string) string {
	return strings.NewReplacer(legacy, `##\[`, "%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
