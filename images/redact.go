package images

import (
	"regexp"
	"strings"

	"github.com/stackctl/stackctl/internal/sanitize"
)

// maxLine is how many bytes of one line of a build's output are kept.
const maxLine = 4096

var (
	userPart   = regexp.MustCompile(`://[^/\s@"']+@`)
	authHeader = regexp.MustCompile(`(?i)\b(authorization: *(?:basic|bearer)|bearer) [a-z0-9+/=._~-]{8,}`)
	tokenParam = regexp.MustCompile(`(?i)([?&;](?:[a-z_-]*token|signature|sig|x-amz-[a-z-]+|password|key)=)[^&\s"']+`)
	colour     = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]")
)

// redact removes credentials from what a registry, a builder or an address
// says: the user part of addresses, tokens and authorisation headers.
func redact(text string) string {
	text = userPart.ReplaceAllString(text, "://***@")
	text = authHeader.ReplaceAllString(text, "$1 ***")
	return tokenParam.ReplaceAllString(text, "${1}***")
}

// safeLine makes one line of somebody else's output fit for a terminal.
func safeLine(line string) string {
	line = colour.ReplaceAllString(line, "")
	// A carriage return redraws the line; its last state is what counts.
	line = strings.TrimRight(line, "\r\n")
	if at := strings.LastIndexByte(line, '\r'); at >= 0 {
		line = line[at+1:]
	}
	return sanitize.Text(redact(line), maxLine)
}
