package compose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/healthchecks"
)

var (
	neverFails   = regexp.MustCompile(`(?:\|\||;)\s*(?:exit\s+0|true|:)\s*;?\s*$`)
	curlCall     = regexp.MustCompile(`(?:^|[\s;&|(/])curl\s+([^;&|)]*)`)
	curlFails    = regexp.MustCompile(`(?:^|\s)(?:-[a-zA-Z#]*f|--fail\b|--fail-with-body\b)`)
	curlStatus   = regexp.MustCompile(`http_code|response_code`)
	localhostURL = regexp.MustCompile(`(?:^|[\s/@='"])localhost\b`)
)

// lintCheck says what is wrong with a healthcheck that can be run.
func lintCheck(check healthchecks.Check) []string {
	if len(check.Test) < 2 {
		return nil
	}
	command := strings.TrimSpace(strings.Join(check.Test[1:], " "))
	var out []string
	if canNeverFail(command) {
		out = append(out, "the healthcheck can never fail, so it proves nothing; let it end with the exit code of a real probe")
	}
	if curlIgnoresErrors(command) {
		out = append(out, "the healthcheck's curl takes an error page for success; add --fail")
	}
	if localhostURL.MatchString(command) {
		out = append(out, "the healthcheck asks localhost, which may mean ::1 where the program does not listen; write 127.0.0.1")
	}
	return out
}

func canNeverFail(command string) bool {
	return slices.Contains([]string{"true", "/bin/true", ":", "exit 0", "exit"}, command) ||
		strings.HasPrefix(command, "echo ") && !strings.ContainsAny(command, "|&;") || neverFails.MatchString(command)
}

func curlIgnoresErrors(command string) bool {
	for _, call := range curlCall.FindAllStringSubmatch(command, -1) {
		if !curlFails.MatchString(call[1]) && !curlStatus.MatchString(call[1]) && !strings.Contains(command, "grep") {
			return true
		}
	}
	return false
}
