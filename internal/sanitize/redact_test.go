package sanitize

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

const secret = `hunter2 &"<päss>/+`

func TestASecretIsRedactedWhereverItOccurs(t *testing.T) {
	r := NewRedactor([]string{secret, "short", "correct-horse", "correct-horse-battery"}, []string{"PIN", "DB_PASSWORD"})
	quoted, err := json.Marshal(map[string]string{"k": secret})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ in, want string }{
		"in plain":                        {"a " + secret + " b", "a [redacted] b"},
		"twice":                           {secret + secret, "[redacted][redacted]"},
		"in a query":                      {"?p=" + url.QueryEscape(secret) + "&x=1", "?p=[redacted]&x=1"},
		"in a path":                       {"/" + url.PathEscape(secret) + "/x", "/[redacted]/x"},
		"in a connection string":          {"postgres://me:" + url.UserPassword("", secret).String()[1:] + "@db/x", "postgres://me:[redacted]@db/x"},
		"in JSON":                         {string(quoted), `{"k":"[redacted]"}`},
		"escaped for the terminal":        {Line(secret, 100), "[redacted]"},
		"the longer of two first":         {"correct-horse-battery correct-horse", "[redacted] [redacted]"},
		"a short one stays in the open":   {"a short text", "a short text"},
		"a short one goes behind a key":   {"PIN=short next", "PIN=[redacted] next"},
		"behind a key in YAML":            {"DB_PASSWORD: pw\nx: 1", "DB_PASSWORD: [redacted]\nx: 1"},
		"behind a key in JSON":            {`{"DB_PASSWORD": "p\"w", "x": 1}`, `{"DB_PASSWORD": "[redacted]", "x": 1}`},
		"behind a key in quotes":          {`PIN='a b' x`, `PIN='[redacted]' x`},
		"a longer name is another name":   {"MY_PIN=1 PINS=2", "MY_PIN=1 PINS=2"},
		"the name alone is no secret":     {"set PIN and DB_PASSWORD", "set PIN and DB_PASSWORD"},
		"an empty value has no secret":    {"PIN= x", "PIN= x"},
		"behind a key with blanks":        {"PIN = x", "PIN = [redacted]"},
		"what is redacted stays as it is": {"PIN=[redacted]", "PIN=[redacted]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.Redact(tc.in); got != tc.want {
				t.Errorf("Redact(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestASecretInsideBase64IsRedactedAtAnyOffset(t *testing.T) {
	r := NewRedactor([]string{"correct-horse"}, nil)
	for _, user := range []string{"", "a", "ab", "abc", "someone"} {
		encoded := base64.StdEncoding.EncodeToString([]byte(user + ":correct-horse"))
		got := r.Redact("Basic " + encoded)
		if !strings.Contains(got, Redacted) {
			t.Errorf("%q: %q", user, got)
		}
		rest := strings.ReplaceAll(got, Redacted, "")
		if len(rest) > len("Basic ")+len(encoded)-len("correct-horse") {
			t.Errorf("%q: too much is left: %q", user, got)
		}
	}
}

func TestEachLineOfASecretOfManyLinesIsRedacted(t *testing.T) {
	r := NewRedactor([]string{"-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nkqhkiG9w0BAQ\n-----END KEY-----\n"}, nil)
	if got := r.Redact("found MIIEvQIBADANBg and kqhkiG9w0BAQ"); got != "found [redacted] and [redacted]" {
		t.Error(got)
	}
	if got := r.Redact("-----BEGIN KEY-----"); got != "-----BEGIN KEY-----" {
		t.Error("the frame of a key is no secret:", got)
	}
}

func TestTheBeginningOfASecretAtACutIsRedacted(t *testing.T) {
	r := NewRedactor([]string{"correct-horse-battery"}, nil)
	if got := r.RedactCut("password correct-hor"); got != "password [redacted]" {
		t.Error(got)
	}
	if got := r.RedactCut("password ok?"); got != "password ok?" {
		t.Error(got)
	}
}

func TestANameIsNotRedactedInside(t *testing.T) {
	r := NewRedactor([]string{"mountain", "mountain-db-secret", "db-and-more"}, []string{"PIN"}, "mountain-db", "t-mountain", "example/mountain-api:1", "mountain")
	for in, want := range map[string]string{
		"t-mountain-db-1 started":                         "t-mountain-db-1 started",
		"mountain at mountain-db":                         "[redacted] at mountain-db",
		"t_mountain-db":                                   "t_mountain-db",
		"docker.io/example/mountain-api:1":                "docker.io/example/mountain-api:1",
		"example/mountain-api:10":                         "example/[redacted]-api:10",
		"xmountain-db mountain-dbx":                       "x[redacted]-db [redacted]-dbx",
		"mountain-db-secret":                              "[redacted]",
		"mountain-db-and-more":                            "mountain-[redacted]",
		"mountainmountain":                                "[redacted][redacted]",
		"PIN=mountain-db":                                 "PIN=[redacted]",
		`{"service":"mountain-db","password":"mountain"}`: `{"service":"mountain-db","password":"[redacted]"}`,
	} {
		if got := r.Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTheNilRedactorRedactsNothing(t *testing.T) {
	var r *Redactor
	if r.Redact("x") != "x" || r.RedactCut("x") != "x" {
		t.Error("changed")
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("a correct-horse b", "correct-horse", "KEY")
	f.Add(`KEY="x\`, "12345678", "KEY")
	f.Fuzz(func(t *testing.T, text, value, key string) {
		if len(text)+len(value) > 1<<12 || len(key) > 32 {
			t.Skip()
		}
		r := NewRedactor([]string{value}, []string{key})
		got := r.Redact(text)
		if len(value) >= MinSecret && !strings.Contains(Redacted, value) && !strings.Contains(value, "redacted") &&
			strings.Contains(got, value) && !strings.ContainsAny(value, "[]") && !strings.HasPrefix(value, "-----") {
			t.Errorf("%q is left in %q", value, got)
		}
	})
}
