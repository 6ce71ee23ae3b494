package compose

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/sirupsen/logrus"
)

// fixed resolves the variables that the tests use: A and B are set, E is
// empty, everything else is not set.
func fixed(name string) (string, bool) {
	value, ok := map[string]string{"A": "a", "B": "b b", "E": "", "_x1": "under"}[name]
	return value, ok
}

func TestVariablesAreReplacedAndTheMissingOnesNamed(t *testing.T) {
	cases := []struct {
		text, want string
		missing    []string
		invalid    string
	}{
		{"no variables", "no variables", nil, ""},
		{"$A${A}$$A$${A}", "aa$A${A}", nil, ""},
		{"$X-${Y}", "-", []string{"X", "Y"}, ""},
		{"${X:-d}${X-d}${X:-}${X-}", "dd", nil, ""},
		{"${E:-d}${E-d}", "d", nil, ""},
		{"${X:-${Y:-$A}}", "a", nil, ""},
		{"${X:-${Y}}", "", []string{"Y"}, ""},
		{"${A:-${Y}}", "a", nil, ""},
		{"${A:?m}${A?m}", "aa", nil, ""},
		{"${X:?m $A}", "", []string{"X!m a"}, ""},
		{"${E:?}", "", []string{"E!"}, ""},
		{"${E?m}", "", nil, ""},
		{"${A:+r}${X:+r}${E:+r}${E+r}", "rr", nil, ""},
		{"${X:+$Y}", "", nil, ""},
		{"${A:+$Y}", "", []string{"Y"}, ""},
		{"{{.Name}} ${A} 5$ $1 $", "{{.Name}} a 5$ $1 $", nil, ""},
		{"${A", "", nil, "${A"},
		{"${}", "", nil, "${}"},
		{"${A!x}", "", nil, "${A!x}"},
		{"$_x1", "under", nil, ""},
		{strings.Repeat("${X:-", 100) + strings.Repeat("}", 100), "", nil, "${"},
	}
	for _, c := range cases {
		t.Run(shorten(c.text, 20), func(t *testing.T) {
			got := expand(c.text, fixed)
			var missing []string
			for _, r := range got.missing {
				name := r.name
				if r.required {
					name += "!" + r.reason
				}
				missing = append(missing, name)
			}
			if got.value != c.want && c.invalid == "" || fmt.Sprint(missing) != fmt.Sprint(c.missing) || !strings.HasPrefix(got.invalid, c.invalid) || (got.invalid == "") != (c.invalid == "") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// FuzzExpandAgreesWithComposeGo holds the scanner against compose-go's own on
// everything that both accept.
func FuzzExpandAgreesWithComposeGo(f *testing.F) {
	for _, seed := range []string{"$A", "${A:-x} and ${B}", "${X:-{x}}", "$$A", "${X:+y}", "${A:+${X-q}}", "a}b${A}", "${X:?m}", "${E?x}", "$", "${", "{$A}"} {
		f.Add(seed)
	}
	logrus.SetOutput(io.Discard)
	f.Fuzz(func(t *testing.T, text string) {
		got := expand(text, fixed)
		if strings.ContainsAny(text, "\n\u017f\u212a") || len(text) > 1000 {
			return // compose-go's pattern ends at a line, and folds two letters to ASCII
		}
		if strings.Contains(text, "{}") || strings.Contains(text, "{{") {
			return // it does not see the character after a brace
		}
		want, err := template.Substitute(text, fixed)
		var required *template.MissingRequiredError
		if errors.As(err, &required) {
			if len(got.missing) == 0 && got.invalid == "" {
				t.Errorf("%q: nothing is missing, but compose-go says %v", text, err)
			}
			return
		}
		if err == nil && got.invalid == "" && !got.tooLarge && got.value != want {
			t.Errorf("%q: %q, compose-go %q", text, got.value, want)
		}
		if err == nil && got.invalid != "" && !strings.Contains(text, "${") {
			t.Errorf("%q: invalid %q, compose-go %q", text, got.invalid, want)
		}
	})
}

func TestEnvFilesAreReadLineByLine(t *testing.T) {
	got, err := parseEnvFile(strings.Join([]string{
		"# comment", "", "PLAIN=value # comment", "  SPACED = padded  ", "export EXPORTED=yes", "COLON: value", "EMPTY=",
		"SINGLE='a $B \" # b'", `DOUBLE="a $A \"q\" \n\t\$A # b"`, "MULTI=\"one", "two\"", "REF=${PLAIN}-$A", "HASH=a#b", "OUTER", "UNKNOWN",
		"CRLF=x\r", "MISSING=$nope", "DEFAULT=${nope:-d}", "LAST=end",
	}, "\n"), func(name string) (string, bool) {
		if name == "OUTER" {
			return "outside", true
		}
		return fixed(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"PLAIN": "value", "SPACED": "padded", "EXPORTED": "yes", "COLON": "value", "EMPTY": "", "SINGLE": `a $B " # b`,
		"DOUBLE": "a a \"q\" \n\t$A # b", "MULTI": "one\ntwo", "REF": "value-a", "HASH": "a#b", "OUTER": "outside", "CRLF": "x",
		"MISSING": "", "DEFAULT": "d", "LAST": "end",
	}
	if !maps.Equal(got.values, want) {
		t.Errorf("%q", got.values)
	}
	if len(got.missing) != 1 || got.missing["MISSING"][0].name != "nope" || got.lines["MISSING"] != 17 || got.lines["MULTI"] != 10 {
		t.Errorf("missing %v, lines %v", got.missing, got.lines)
	}
}

// FuzzEnvFileAgreesWithComposeGo holds the parser against compose-go's own on
// everything that both accept.
func FuzzEnvFileAgreesWithComposeGo(f *testing.F) {
	for _, seed := range []string{"A=1\nB=$A\n", "export X='y'\n#c\n", "Q=\"a\\\"b\\n\"\n", "K: v # c\n", "M=\"1\n2\"\nN=3", "A B=1", "A=${x:-y}\n", "=x\n"} {
		f.Add(seed)
	}
	logrus.SetOutput(io.Discard)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseEnvFile(text, fixed)
		if strings.ContainsAny(text, "\u017f\u212a\u0085\u00a0") || len(text) > 1000 || !strings.HasSuffix(text, "\n") {
			return // a last line without an end has no name there
		}
		want, theirs := dotenv.ParseWithLookup(strings.NewReader(text), fixed)
		if err != nil || theirs != nil {
			return
		}
		if strings.Contains(text, "${") && strings.Contains(text, "\n") {
			return // its pattern for variables ends at a line
		}
		if !maps.Equal(got.values, want) {
			t.Errorf("%q: %q, compose-go %q", text, got.values, want)
		}
	})
}

// FuzzLoad feeds the whole loader: whatever the file, the answer is a project
// or problems, never a panic, and never a control character in a message.
func FuzzLoad(f *testing.F) {
	f.Add("services: {a: {image: x, ports: [\"80\"], x-stackctl: {verify: [{http: {port: 80}}], critical_logs: [x]}}}")
	f.Add("include: [a]\nservices: {a: {extends: b, depends_on: [a]}}\nx-stackctl: {timeout: 1}")
	f.Add("services:\n  a: &a\n    image: $X\n  b:\n    <<: *a\n    environment: !reset []\n")
	f.Add("services: {a: {build: ., deploy: {resources: {limits: {cpus: '1'}}}, volumes: [{type: bind}]}}\nsecrets: {s: {}}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := loadText(t, text)
		if (p == nil) == (err == nil) {
			t.Fatalf("project %v, error %v", p, err)
		}
		if err == nil {
			for _, s := range p.Services {
				s.Fields()
				s.Hash(p)
			}
			if _, err := p.YAML(PrintOptions{}); err != nil {
				t.Error(err)
			}
			return
		}
		if len(ProblemsOf(err)) == 0 || strings.ContainsFunc(strings.ReplaceAll(err.Error(), "\n", ""), unprintable) {
			t.Errorf("%q", err)
		}
		for _, p := range ProblemsOf(err) {
			if strings.Contains(p.Message, "makes the compose library fail") {
				t.Errorf("%s", p)
			}
		}
	})
}

// FuzzSettings feeds the decoder of x-stackctl alone.
func FuzzSettings(f *testing.F) {
	f.Add("{verify: [{http: {port: 80, path: /x, status: [200], tls: {insecure: true}}}], job: true}")
	f.Add("{critical_logs: [a, {pattern: b, fail: true}], allow_unverified: false}")
	f.Fuzz(func(t *testing.T, text string) {
		docs, faults := parse("f.yaml", []byte("x: "+text))
		if len(faults) > 0 || len(docs) == 0 {
			return
		}
		b := &builder{ps: &problems{}, sources: &sources{at: &location{dir: t.TempDir(), files: []string{"f.yaml"}}}}
		value := resolve(docs[0], newCasts(), fixed, nil).tree["x"]
		got := b.serviceSettings(&Service{}, value)
		for _, v := range got.Verify {
			if v.HTTP == nil && v.TCP == nil && v.Postgres == nil {
				t.Errorf("%q: a proof of nothing", text)
			}
		}
		b.settings(value)
	})
}
