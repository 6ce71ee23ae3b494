package cli

import (
	"bytes"
	"regexp"
	"testing"
)

func TestTheLinesOfALogAreDatedToTheMillisecond(t *testing.T) {
	for format, want := range map[string]string{
		"console": `^\d\d:\d\d:\d\d\.\d{3} WRN x\n$`,
		"json":    `"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)"`,
	} {
		var out bytes.Buffer
		a := newApp(Streams{Out: &out, Err: &out}, nil, "0", operations{})
		a.global.logLevel, a.global.logFormat = "warn", format
		log := a.logger()
		odd := false // of a thousand lines some are not of a whole second
		for range 1000 {
			out.Reset()
			log.Warn().Msg("x")
			if !regexp.MustCompile(want).MatchString(out.String()) {
				t.Fatalf("a line is %q, want %s", out.String(), want)
			}
			odd = odd || !regexp.MustCompile(`\.000`).MatchString(out.String())
		}
		if !odd {
			t.Errorf("%s: no line has milliseconds: %q", format, out.String())
		}
	}
}
