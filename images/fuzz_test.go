package images

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzADockerfileNeverBreaksItsReader(f *testing.F) {
	f.Add("ARG A=1\nFROM ${A:-x} AS b\nCOPY --from=b <<EOF /x\nEOF\n", "x=y")
	f.Add("# syntax=a\n# escape=`\nFROM a\nRUN --mount=type=bind,from=x true", "")
	f.Fuzz(func(t *testing.T, text, arg string) {
		file, err := parseDockerfile([]byte(text), map[string]string{"A": arg}, []string{arg}, arg)
		for _, base := range file.bases {
			if err == nil && (base == "" || base == "scratch") {
				t.Errorf("base %q", base)
			}
		}
	})
}

func FuzzALineIsSafeToShow(f *testing.F) {
	f.Add("\x1b[31mred\x1b]0;title\x07\r\u202eevil\xff")
	f.Fuzz(func(t *testing.T, text string) {
		got := safeLine(text)
		if len(got) > maxLine || !utf8.ValidString(got) {
			t.Errorf("%d bytes, %q", len(got), got)
		}
		if strings.ContainsFunc(got, func(r rune) bool {
			return unicode.IsControl(r) && r != '\t' && r != '\n' || unicode.Is(unicode.Bidi_Control, r)
		}) {
			t.Errorf("unsafe: %q", got)
		}
	})
}

func FuzzLabelsOfAnyImageAreReadSafely(f *testing.F) {
	f.Add("x", `{"context: a":"0","args.X":""}`)
	f.Add("x", `{"\u001b[2J":"1"}`)
	f.Fuzz(func(t *testing.T, inputs, text string) {
		got := someParts("context", "1", contextPart+"a", "1").difference(map[string]string{InputsLabel: inputs, PartsLabel: text})
		if strings.ContainsFunc(got, unicode.IsControl) || len(got) > 5*maxName {
			t.Errorf("%q", got)
		}
	})
}

func FuzzCacheEntriesAreReadOrRefused(f *testing.F) {
	f.Add("type=local,src=cache")
	f.Add("example.org/a:b")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := cacheEntries([]string{text}, "src")
		if err == nil && len(entries) != 1 {
			t.Errorf("%d entries", len(entries))
		}
	})
}
