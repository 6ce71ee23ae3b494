package sanitize

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestALineOfAContainerCannotSteerTheTerminal(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain text stays":                     {"connection refused", "connection refused"},
		"an escape sequence is shown":          {"\x1b[2J\x1b[32m✔ all healthy", `\x1b[2J\x1b[32m✔ all healthy`},
		"the clipboard sequence is shown":      {"\x1b]52;c;ZXZpbA==\a", `\x1b]52;c;ZXZpbA==\x07`},
		"a carriage return cannot overwrite":   {"FAILED\rhealthy", `FAILED\rhealthy`},
		"a line break stays on the line":       {"one\ntwo\r\nthree\n", `one\ntwo\r\nthree`},
		"a tab becomes a space":                {"a\tb", "a b"},
		"one-byte C1 controls are shown":       {"a\x9bb", `a\x9bb`},
		"encoded C1 controls are shown":        {"a\u009bb", `a\u009bb`},
		"bidirectional overrides are shown":    {"a\u202eb\u2066c\u200fd", `a\u202eb\u2066c\u200fd`},
		"invisible tag characters are shown":   {"a\U000e0041b", `a\U000e0041b`},
		"the line separator is shown":          {"a\u2028b", `a\u2028b`},
		"a zero-width space is shown":          {"a\u200bb", `a\u200bb`},
		"invalid UTF-8 is shown byte by byte":  {"a\xff\xc3(b", `a\xff\xc3(b`},
		"a real replacement character stays":   {"a\ufffdb", "a\ufffdb"},
		"NUL and delete are shown":             {"a\x00b\x7fc", `a\x00b\x7fc`},
		"letters of any script stay":           {"żółw 数据库 🐘👩\u200d💻", "żółw 数据库 🐘👩\u200d💻"},
		"outer white space is dropped":         {"  \n x \n\n", "x"},
		"what was made safe before is as safe": {`\x1b[2J`, `\x1b[2J`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Line(tc.in, 200); got != tc.want {
				t.Errorf("Line(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestTextKeepsItsLinesAndNothingElseThatMoves(t *testing.T) {
	got := Text("  one\r\n\ttwo\rthree\x1b[A\n\n", 200)
	if want := "  one\n\ttwo" + `\rthree\x1b[A`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestACutTextSaysSoWithinItsBound(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"exactly as long as allowed is not cut": {strings.Repeat("a", 30), 30, strings.Repeat("a", 30)},
		"one more is cut":                       {strings.Repeat("a", 31), 30, strings.Repeat("a", 15) + Truncated},
		"an escape is not cut in two":           {strings.Repeat("\x1b", 31), 30, `\x1b\x1b\x1b` + Truncated},
		"a rune is not cut in two":              {strings.Repeat("é", 31), 30, strings.Repeat("é", 7) + Truncated},
		"a bound without room is raised":        {strings.Repeat("a", 31), 1, Truncated},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Line(tc.in, tc.limit); got != tc.want {
				t.Errorf("got %q (%d bytes), want %q", got, len(got), tc.want)
			}
		})
	}
}

func TestAHugeTextCostsNoMoreThanItsBound(t *testing.T) {
	huge := strings.Repeat("\x1bx", 5<<20)
	cost := testing.AllocsPerRun(5, func() { Line(huge, 100) })
	if cost > 100 {
		t.Errorf("%.0f allocations for 100 bytes of text", cost)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("plain", 20)
	f.Add("\x1b]0;x\a\r\n\t\u202e\xff", 64)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(limit, 1<<16)
		line := Line(s, limit)
		checkSafe(t, line, limit, "")
		if again := Line(line, limit); again != line {
			t.Errorf("Line(%q) = %q", line, again)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("a\n\tb\r\nc\rd", 64)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(limit, 1<<16)
		checkSafe(t, Text(s, limit), limit, "\n\t")
	})
}

// checkSafe fails unless text is bounded, valid and free of controls other
// than the allowed ones.
func checkSafe(t *testing.T, text string, limit int, allowed string) {
	t.Helper()
	if len(text) > max(limit, len(Truncated)) {
		t.Errorf("%d bytes, limit %d", len(text), limit)
	}
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8: %q", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) && !strings.ContainsRune(allowed, r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%U in %q", r, text)
		}
	}
}
