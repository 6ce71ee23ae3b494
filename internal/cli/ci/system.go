// Package ci speaks the dialects in which the log of a CI job is written:
// sections that fold, annotations at a line of a file, and text that no runner
// takes for a command of its own. Everything in it is pure.
package ci

import (
	"fmt"
	"strings"
	"time"
)

// System is whose job a run is part of.
type System int

// The systems whose dialect is known; None is a terminal, a file or another
// system.
const (
	None System = iota
	GitHub
	GitLab
)

// Detect finds the system in the environment, which get reads.
func Detect(get func(name string) string) System {
	switch {
	case get("GITHUB_ACTIONS") == "true":
		return GitHub
	case get("GITLAB_CI") == "true":
		return GitLab
	default:
		return None
	}
}

// Open begins a section of the log that can be folded, "" where there are
// none. Sections must not be nested: GitHub has one level. GitLab shows a
// section folded only where that is asked for, GitHub as soon as it ended.
func (s System) Open(name, title string, folded bool, at time.Time) string {
	title = strings.NewReplacer("\r", " ", "\n", " ").Replace(title)
	switch s {
	case GitHub:
		return "::group::" + escapeData(title) + "\n"
	case GitLab:
		options := ""
		if folded {
			options = "[collapsed=true]"
		}
		return fmt.Sprintf("section_start:%d:%s%s\r\x1b[0K%s\n", at.Unix(), sectionName(name), options, title)
	default:
		return ""
	}
}

// Close ends the section of that name.
func (s System) Close(name string, at time.Time) string {
	switch s {
	case GitHub:
		return "::endgroup::\n"
	case GitLab:
		return fmt.Sprintf("section_end:%d:%s\r\x1b[0K\n", at.Unix(), sectionName(name))
	default:
		return ""
	}
}

// sectionName is a name as GitLab takes it: letters, digits, _, . and -.
func sectionName(name string) string {
	return "stackctl_" + strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}
