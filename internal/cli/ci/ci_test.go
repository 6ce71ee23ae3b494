package ci

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestTheSystemIsFoundInItsOwnVariables(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want System
	}{
		{map[string]string{"GITHUB_ACTIONS": "true"}, GitHub},
		{map[string]string{"GITLAB_CI": "true", "CI": "true"}, GitLab},
		{map[string]string{"CI": "true"}, None},
		{map[string]string{"GITHUB_ACTIONS": "false"}, None},
		{nil, None},
	} {
		if got := Detect(environment(c.env)); got != c.want {
			t.Errorf("%v is %d, want %d", c.env, got, c.want)
		}
	}
}

func TestASectionIsWrittenAsItsSystemReadsIt(t *testing.T) {
	at := time.Unix(1700000000, 0)
	for _, c := range []struct {
		system      System
		open, close string
	}{
		{GitHub, "::group::db 100%25 done\n", "::endgroup::\n"},
		{GitLab, "section_start:1700000000:stackctl_my_db[collapsed=true]\r\x1b[0Kdb 100% done\n", "section_end:1700000000:stackctl_my_db\r\x1b[0K\n"},
		{None, "", ""},
	} {
		if got := c.system.Open("my db", "db 100%\ndone", true, at); got != c.open {
			t.Errorf("open: %q, want %q", got, c.open)
		}
		if got := c.system.Close("my db", at); got != c.close {
			t.Errorf("close: %q, want %q", got, c.close)
		}
	}
}

func TestAnAnnotationIsOneLineWhateverItSays(t *testing.T) {
	a := Annotation{Title: "db: exited, why", Message: "100%\n::add-mask::x\r", File: "a,b/compose.yaml", Line: 7, Column: 3}
	want := "::error title=db%3A exited%2C why,file=a%2Cb/compose.yaml,line=7,col=3::100%25%0A::add-mask::x%0D\n"
	if got := GitHub.Command(a); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := GitHub.Command(Annotation{Title: "t", Message: "m", Line: 9}); got != "::error title=t::m\n" {
		t.Errorf("without a file: %q", got)
	}
	if got := GitLab.Command(a) + None.Command(a); got != "" {
		t.Errorf("elsewhere: %q", got)
	}
}

// commandIn says whether GitHub's runner would find a command in a line; it is
// written after ActionCommand.cs of actions/runner.
func commandIn(line string) bool {
	trimmed := strings.TrimSpace(strings.TrimLeft(line, "\ufeff"))
	at := strings.Index(line, "##[")
	return strings.HasPrefix(trimmed, "::") || at >= 0 && strings.Contains(line[at:], "]")
}

func TestNoTextIsTakenForACommand(t *testing.T) {
	for in, want := range map[string]string{
		"::add-mask::x":               `:\:add-mask::x`,
		"  \t::stop-commands::x\nb\n": "  \t:\\:stop-commands::x\nb\n",
		"a\n::error::x":               "a\n:\\:error::x",
		"a ::b":                       "a ::b",
		"std::string":                 "std::string",
		"a ##[group]x":                `a ##\[group]x`,
		"####[x] #[y] # #[z]":         `####\[x] #[y] # #[z]`,
		"\ufeff::debug::x":            "\ufeff:\\:debug::x",
		"\u00a0::debug::x":            "\u00a0:\\:debug::x",
		"x\r::debug::x":               "x\r:\\:debug::x",
		":x: :::":                     ":x: :::",
		"│ ::warning::x":              "│ ::warning::x",
	} {
		for _, pieces := range [][]string{{in}, strings.Split(in, "")} {
			var g Guard
			got := ""
			for _, piece := range pieces {
				got += string(g.Text([]byte(piece), false))
			}
			if got != want {
				t.Errorf("%q becomes %q, want %q", in, got, want)
			}
		}
		for line := range strings.Lines(want) {
			if commandIn(line) {
				t.Errorf("%q still has a command", want)
			}
		}
	}
}

func TestJSONStaysTheSameJSON(t *testing.T) {
	const text = `{"detail":"a ##[add-mask]x ##[","list":[1,[2]]}` + "\n"
	var g Guard
	got := string(g.Text([]byte(text), true))
	if strings.Contains(got, "##[") {
		t.Errorf("a command is left: %s", got)
	}
	var before, after map[string]any
	if err := json.Unmarshal([]byte(text), &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &after); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if before["detail"] != after["detail"] {
		t.Errorf("%v became %v", before["detail"], after["detail"])
	}
}

func FuzzGuard(f *testing.F) {
	f.Add("::x\n ##[y]", 3)
	f.Add("\ufeff\u200b::x", 1)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		cut = min(max(cut, 0), len(text))
		var g Guard
		got := string(g.Text([]byte(text[:cut]), false)) + string(g.Text([]byte(text[cut:]), false))
		for _, line := range strings.FieldsFunc(got, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if commandIn(line) {
				t.Errorf("%q keeps a command: %q", text, got)
			}
		}
	})
}
