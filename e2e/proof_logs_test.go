package e2e

import (
	"strings"
	"testing"
)

func TestACriticalLineInALogIsToldOrFailsAsTheFileSays(t *testing.T) {
	t.Parallel()
	const file = `
services:
  web:
    image: IMAGE
    command: [serve]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
    x-stackctl: {critical_logs: [PATTERN]}
`
	for name, c := range map[string]struct {
		pattern string
		extra   string
		code    int
		says    []string
	}{
		"told":              {`"^listening on "`, "", 0, []string{"web-1 logged \"listening on"}},
		"a failure":         {`{pattern: "^listening on ", fail: true}`, "", 7, []string{"web", "logged what the file calls a failure", "listening on"}},
		"absent":            {`{pattern: "^no such line", fail: true}`, "", 0, nil},
		"it cannot be read": {`{pattern: "^no such line", fail: true}`, "    logging: {driver: none}\n", 7, []string{"web", "cannot be read", "json-file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, strings.Replace(file, "PATTERN", c.pattern, 1)+c.extra)
			s.expect(c.code, c.says, "up")
			s.expect(c.code, nil, "status")
		})
	}
}

func TestACriticalLineOfAnEarlierRunOfTheContainerDoesNotCount(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  web:
    image: IMAGE
    command: [serve, dies=300ms, once=/data/died]
    restart: always
    volumes: [data:/data]
    healthcheck: {test: [CMD, /testimage, check], interval: 1s, start_period: 20s}
    x-stackctl: {critical_logs: [{pattern: "^dying as told", fail: true}]}
volumes: {data: {}}
`)
	s.expect(0, []string{"restarted 1 time"}, "up")
	s.expect(0, nil, "status")
}
