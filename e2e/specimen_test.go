package e2e

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// specimen is a small stack in which some keys of the support table can be
// seen. Its texts may hold:
//
//	@NAME@           the project's name
//	@DIR@            the project's directory
//	@PORT1@…@PORT9@  free ports of the host
//	@SUBNET@         the first three numbers of a subnet that nobody else uses
//	@SUBNET6@        the same for IPv6: the first 64 bits
type specimen struct {
	name string
	file string
	// files are further ones beside it; a name that ends with / is a directory.
	files map[string]string
	env   []string
	// api is the oldest engine API that can do it, "" for every one. Below it
	// up says old, ends with oldCode (3 when that is 0; with 0 when oldWarns),
	// and nothing is looked at.
	api, old string
	oldCode  int
	oldWarns bool
	// before happens before up.
	before func(s *stack)
	// args are up's, beside those that every specimen has.
	args []string
	// code is how up ends; -1 where the container is made, and looked at, but
	// it depends on the machine whether it can run.
	code int
	// says is what up says.
	says []string
	sees []sight
	// after is what sights cannot say; shows are the keys it shows.
	after func(s *stack)
	shows string
}

// cheap are the arguments of every up here: what is shown is what becomes of
// the keys; the proof has tests of its own.
var cheap = [...]string{"--allow-unverified", "--stable-for", "0", "--wait-timeout", "2m"}

// run brings the specimen up and looks at it.
func (x specimen) run(t *testing.T) {
	t.Parallel()
	s := newStack(t, "")
	s.values = placeholders(t, s, x.file)
	for name, content := range x.files {
		s.put(name, content)
	}
	s.put("docker-compose.yml", x.file)
	for _, variable := range x.env {
		s.env = append(s.env, s.fill(variable))
	}
	if x.before != nil {
		x.before(s)
	}
	args := append(append([]string{"up"}, cheap[:]...), x.args...)
	if x.api != "" && !atLeast(t, x.api) {
		code := cmp.Or(x.oldCode, 3)
		if x.oldWarns {
			code = 0
		}
		words := []string{x.old}
		if code == 3 {
			words = append(words, "docker-compose.yml:") // with its place
		}
		s.expect(code, words, args...)
		if made := ids(t, "networks", s.name); code == 3 && len(made) > 0 {
			t.Errorf("%d networks were made before it was refused", len(made))
		}
		return
	}
	o := s.run(args...)
	s.said = o.stdout + o.stderr
	if x.code >= 0 && o.code != x.code || x.code < 0 && o.code != 0 && o.code != 6 && o.code != 7 {
		t.Errorf("up ended with %d, want %d\n%s\n%s", o.code, x.code, o.stdout, o.stderr)
	}
	for _, word := range x.says {
		if !strings.Contains(s.said, s.fill(word)) {
			t.Errorf("up does not say %q\n%s\n%s", s.fill(word), o.stdout, o.stderr)
		}
	}
	for _, sight := range x.sees {
		sight.check(s)
	}
	if x.after != nil {
		x.after(s)
	}
}

// placeholders are what those of a file stand for. Ports are taken where the
// file has them, so that none is named that is not used.
func placeholders(t *testing.T, s *stack, file string) map[string]string {
	t.Helper()
	id := make([]byte, 3)
	_, err := rand.Read(id)
	must(t, err)
	values := map[string]string{
		"@NAME@": s.name, "@DIR@": s.dir,
		"@SUBNET@":  "10." + strconv.Itoa(224+int(id[0])%16) + "." + strconv.Itoa(int(id[1])),
		"@SUBNET6@": "fd00:" + hex.EncodeToString(id[:2]) + ":" + hex.EncodeToString(id[2:]),
	}
	for number := '1'; number <= '9'; number++ {
		if name := "@PORT" + string(number) + "@"; strings.Contains(file, name) {
			values[name] = freePort(t)
		}
	}
	return values
}

// fill replaces the placeholders.
func (s *stack) fill(text string) string {
	for name, value := range s.values {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

// put writes a file, or makes a directory, with the placeholders replaced.
func (s *stack) put(name, content string) {
	s.t.Helper()
	if strings.HasSuffix(name, "/") {
		path := filepath.Join(s.dir, name)
		must(s.t, os.MkdirAll(path, 0o755))
		must(s.t, os.Chmod(path, 0o777)) // containers write there with any user
		return
	}
	s.write(name, s.fill(content))
}

// read is the content of a file in the project's directory.
func (s *stack) read(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	must(s.t, err)
	return string(b)
}

// engineVersion is that of the engine under test.
func engineVersion(t *testing.T) string {
	t.Helper()
	var version struct{ Version string }
	must(t, call(t.Context(), http.MethodGet, "/version", nil, &version))
	return version.Version
}

// atLeast says whether the engine under test has an API, written "1.44".
func atLeast(t *testing.T, api string) bool {
	t.Helper()
	var version struct {
		API string `json:"ApiVersion"`
	}
	must(t, call(t.Context(), http.MethodGet, "/version", nil, &version))
	return minor(t, version.API) >= minor(t, api)
}

func minor(t *testing.T, api string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimPrefix(api, "1."))
	must(t, err)
	return n
}

// earlier says whether one of the engine's times is before another.
func earlier(t *testing.T, a, b string) bool {
	t.Helper()
	first, err := time.Parse(time.RFC3339Nano, a)
	must(t, err)
	second, err := time.Parse(time.RFC3339Nano, b)
	must(t, err)
	return first.Before(second)
}
