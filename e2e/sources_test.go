package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is a way in which files and variables become a project. No engine is
// needed to see it: config prints what up would bring up.
type source struct {
	// files are those of the project; compose.yaml is not there unless it is
	// among them.
	files map[string]string
	env   []string
	// args come before config.
	args []string
	// bare runs without -p.
	bare bool
	// code is how config ends, says what it says then.
	code int
	says []string
	sees []sight
}

// word is a service whose environment shows a variable.
const word = "services: {app: {image: IMAGE, environment: {WORD: \"${WORD}\"}}}\n"

// saysWord sees the value of the service's variable.
func saysWord(value string) []sight {
	return []sight{is("", "config", "services.app.environment.WORD", `"`+value+`"`)}
}

// sources are the ways.
func sources() map[string]source {
	base := "services: {app: {image: IMAGE, command: [sleep], environment: {A: base, B: base}, ports: ['127.0.0.1:1000:80', '127.0.0.1:1001:81'], dns: [9.9.9.9]}}\n"
	return map[string]source{
		"COMPOSE_FILE names the files": {
			files: map[string]string{"one.yml": base, "two.yml": "services: {app: {environment: {B: over}}}"},
			env:   []string{"COMPOSE_FILE=one.yml:two.yml"},
			sees:  []sight{is("", "config", "services.app.environment", `{"A": "base", "B": "over"}`)},
		},
		"COMPOSE_PATH_SEPARATOR divides them": {
			files: map[string]string{"one.yml": base, "two.yml": "services: {app: {environment: {B: over}}}"},
			env:   []string{"COMPOSE_FILE=one.yml;two.yml", "COMPOSE_PATH_SEPARATOR=;"},
			sees:  []sight{is("", "config", "services.app.environment.B", `"over"`)},
		},
		"COMPOSE_FILE may stand in .env": {
			files: map[string]string{"one.yml": base, ".env": "COMPOSE_FILE=one.yml\n"},
			sees:  []sight{is("", "config", "services.app.environment.A", `"base"`)},
		},
		"an override file beside the file is merged": {
			files: map[string]string{"compose.yaml": base, "compose.override.yaml": "services: {app: {environment: {B: over}}}"},
			sees:  []sight{is("", "config", "services.app.environment", `{"A": "base", "B": "over"}`)},
		},
		"-f goes before COMPOSE_FILE, and overrides are then the user's choice": {
			files: map[string]string{"compose.yaml": base, "compose.override.yaml": "services: {app: {environment: {B: over}}}"},
			env:   []string{"COMPOSE_FILE=nowhere.yml"}, args: []string{"-f", "compose.yaml"},
			sees: []sight{is("", "config", "services.app.environment.B", `"base"`)},
		},
		"!reset takes away and !override replaces": {
			files: map[string]string{"compose.yaml": base, "compose.override.yaml": `services:
  app:
    command: !reset null
    environment: !override {C: only}
    ports: !override ['127.0.0.1:2000:80']
    dns: !reset []
`},
			sees: []sight{
				is("", "config", "services.app.command", `null`), is("", "config", "services.app.environment", `{"C": "only"}`),
				is("", "config", "services.app.ports[1]", `null`), is("", "config", "services.app.ports[0].published", `"2000"`),
				is("", "config", "services.app.dns", `null`),
			},
		},
		"COMPOSE_PROJECT_NAME names the project": {
			files: map[string]string{"compose.yaml": "name: in-file\n" + base}, env: []string{"COMPOSE_PROJECT_NAME=in-environment"}, bare: true,
			sees: []sight{is("", "config", "name", `"in-environment"`)},
		},
		"without a name the directory's is taken": {
			files: map[string]string{"My Stack/compose.yaml": base}, args: []string{"--project-directory", "My Stack", "-f", "My Stack/compose.yaml"}, bare: true,
			sees: []sight{is("", "config", "name", `"mystack"`)},
		},
		"--profile activates, and more than one does": {
			files: map[string]string{"compose.yaml": "services: {a: {image: x, profiles: [p]}, b: {image: x, profiles: [q]}, c: {image: x, profiles: [r]}}"},
			args:  []string{"--profile", "p", "--profile", "q"},
			sees:  []sight{has("", "config", "services", `"a"`), has("", "config", "services", `"b"`), lacks("", "config", "services", `"c"`)},
		},
		"* activates every profile": {
			files: map[string]string{"compose.yaml": "services: {a: {image: x, profiles: [p]}, b: {image: x, profiles: [q]}}"},
			env:   []string{"COMPOSE_PROFILES=*"},
			sees:  []sight{has("", "config", "services", `"a"`), has("", "config", "services", `"b"`)},
		},
		"an unknown dependency of another profile is an error": {
			files: map[string]string{"compose.yaml": "services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [q]}}"},
			code:  3, says: []string{"a", "b"},
		},
		".env gives variables their value":             {files: map[string]string{"compose.yaml": word, ".env": "WORD=\"from file\"\n"}, sees: saysWord("from file")},
		"the environment goes before .env":             {files: map[string]string{"compose.yaml": word, ".env": "WORD=file\n"}, env: []string{"WORD=environment"}, sees: saysWord("environment")},
		"--env-file takes the place of .env":           {files: map[string]string{"compose.yaml": word, ".env": "WORD=file\n", "other": "WORD=other\n"}, args: []string{"--env-file", "other"}, sees: saysWord("other")},
		"COMPOSE_ENV_FILES lists files, the last wins": {files: map[string]string{"compose.yaml": word, "a": "WORD=a\n", "b": "WORD=b\n"}, env: []string{"COMPOSE_ENV_FILES=a,b"}, sees: saysWord("b")},
		"what is unset is taken for empty":             {files: map[string]string{"compose.yaml": word}, sees: saysWord("")},
		"what is unset is an error with --strict-env":  {files: map[string]string{"compose.yaml": word}, args: []string{"--strict-env"}, code: 3, says: []string{"compose.yaml:1:", "WORD"}},
		"every operator of a variable": {
			files: map[string]string{"compose.yaml": `services: {app: {image: IMAGE, environment: {
  A: "${UNSET:-default}", B: "${EMPTY:-default}", C: "${EMPTY-default}", D: "${SET:+there}", E: "${UNSET+there}",
  F: "${SET:?must be set}", G: "$SET", H: "$$SET", I: "${UNSET:-${SET}}" }}}`},
			env: []string{"SET=value", "EMPTY="},
			sees: []sight{is("", "config", "services.app.environment", `{"A": "default", "B": "default", "C": "", "D": "there", "E": "",
  "F": "value", "G": "value", "H": "$$SET", "I": "value"}`)},
		},
		"a required variable says its own message": {
			files: map[string]string{"compose.yaml": "services: {app: {image: IMAGE, environment: {A: \"${UNSET:?ask the bank}\"}}}"},
			code:  3, says: []string{"UNSET", "ask the bank"},
		},
		"env_file as one name": {
			files: map[string]string{"compose.yaml": "services: {app: {image: IMAGE, env_file: one.env}}", "one.env": "# remark\nexport A=1\nB='single $A'\nC=\"double ${A}\"\nD=\n"},
			sees:  []sight{is("", "config", "services.app.environment", `{"A": "1", "B": "single $$A", "C": "double 1", "D": ""}`)},
		},
		"an env_file that must be there": {
			files: map[string]string{"compose.yaml": "services: {app: {image: IMAGE, env_file: [none.env]}}"},
			code:  3, says: []string{"none.env"},
		},
		"include with an override and its own variables": {
			files: map[string]string{
				"compose.yaml": "include:\n  - {path: [sub/a.yml, sub/b.yml], env_file: [sub/x.env]}\nservices: {app: {image: IMAGE}}\n",
				"sub/a.yml":    "services: {inner: {image: IMAGE, environment: {WORD: \"${WORD}\", A: a}}}", "sub/b.yml": "services: {inner: {environment: {A: b}}}", "sub/x.env": "WORD=x\n",
			},
			sees: []sight{is("", "config", "services.inner.environment", `{"WORD": "x", "A": "b"}`)},
		},
		"the file goes before what it includes": {
			files: map[string]string{"compose.yaml": "include: [a.yml]\nservices: {app: {image: IMAGE}}\n", "a.yml": "services: {app: {image: other, hostname: kept}}"},
			sees:  []sight{is("", "config", "services.app.image", `"IMAGE"`), is("", "config", "services.app.hostname", `"kept"`)},
		},
		"a range of ports is as many ports": {
			files: map[string]string{"compose.yaml": "services: {app: {image: IMAGE, ports: ['127.0.0.1:3000-3001:80-81/udp']}}"},
			sees: []sight{
				has("", "config", "services.app.ports[0]", `{"host_ip": "127.0.0.1", "published": "3000", "target": 80, "protocol": "udp"}`),
				has("", "config", "services.app.ports[1]", `{"host_ip": "127.0.0.1", "published": "3001", "target": 81, "protocol": "udp"}`),
			},
		},
		"a circle of extends is named": {
			files: map[string]string{"compose.yaml": "services: {a: {extends: b}, b: {extends: a}}"},
			code:  3, says: []string{"a", "b"},
		},
	}
}

func TestFilesAndVariablesBecomeAProject(t *testing.T) {
	for name, x := range sources() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "")
			must(t, os.Remove(filepath.Join(s.dir, "docker-compose.yml")))
			for file, content := range x.files {
				s.put(file, content)
			}
			s.env = append(s.env, x.env...)
			s.global, s.bare = x.args, x.bare
			o := s.run("config")
			if o.code != x.code {
				t.Fatalf("config ended with %d, want %d\n%s%s", o.code, x.code, o.stdout, o.stderr)
			}
			for _, word := range x.says {
				if !strings.Contains(flowed(o.stderr), word) {
					t.Errorf("it does not say %q:\n%s", word, o.stderr)
				}
			}
			for _, sight := range x.sees {
				sight.check(s)
			}
		})
	}
}
