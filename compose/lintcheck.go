package compose

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/healthchecks"
)

var (
	curlCall     = regexp.MustCompile(`(?:^|[\s;&|(/])curl\s+([^;&|)]*)`)
	curlFails    = regexp.MustCompile(`(?:^|\s)(?:-[a-zA-Z#]*f|--fail\b|--fail-with-body\b)`)
	curlStatus   = regexp.MustCompile(`http_code|response_code`)
	localhostURL = regexp.MustCompile(`(?:^|[\s/@='"])localhost\b`)
)

// lintCheck says what could be better about a healthcheck that can be run.
func lintCheck(check healthchecks.Check) []string {
	if len(check.Test) < 2 {
		return nil
	}
	command := strings.TrimSpace(strings.Join(check.Test[1:], " "))
	var out []string
	if curlIgnoresErrors(command) {
		out = append(out, "the healthcheck's curl takes an error page for success; add --fail")
	}
	if localhostURL.MatchString(command) {
		out = append(out, "the healthcheck asks localhost, which may mean ::1 where the program does not listen; write 127.0.0.1")
	}
	return out
}

// canNeverFail evaluates a check that a shell runs; of another one it looks
// at the program's name.
func canNeverFail(test []string) bool {
	if len(test) < 2 {
		return false
	}
	switch words := test[1:]; {
	case test[0] == "CMD-SHELL":
		return !canFail(strings.TrimSpace(strings.Join(words, " ")))
	case len(words) > 2 && slices.Contains([]string{"sh", "bash", "ash", "dash"}, filepath.Base(words[0])) && words[1] == "-c":
		return !canFail(words[2])
	default:
		return slices.Contains([]string{"true", "echo", "printf"}, filepath.Base(words[0]))
	}
}

func curlIgnoresErrors(command string) bool {
	for _, call := range curlCall.FindAllStringSubmatch(command, -1) {
		if !curlFails.MatchString(call[1]) && !curlStatus.MatchString(call[1]) && !strings.Contains(command, "grep") {
			return true
		}
	}
	return false
}
