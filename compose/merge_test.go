package compose

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestSeveralFilesMergeAndResetAndOverride(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"base.yml": `
services:
  a:
    image: x
    command: [one]
    environment: {A: "1", B: "2"}
    ports: ["1:1", "2:2"]
    labels: {keep: "1"}
    healthcheck: {test: ["CMD", "x"]}
`,
		"over.yml": `
services:
  a:
    environment: {B: "3"}
    ports: !override ["3:3"]
    labels: !reset {}
    healthcheck: !reset null
    command: [two]
`,
	}, Options{Files: []string{"base.yml", "over.yml"}})
	if err != nil {
		t.Fatal(err)
	}
	a := p.Services["a"]
	if *a.Environment["A"] != "1" || *a.Environment["B"] != "3" || fmt.Sprint(a.Command) != "[two]" {
		t.Errorf("environment %v, command %v", a.Environment, a.Command)
	}
	if len(a.Ports) != 1 || a.Ports[0].Published != "3" || len(a.Labels) != 0 || a.HealthCheck != nil {
		t.Errorf("ports %v, labels %v, healthcheck %v", a.Ports, a.Labels, a.HealthCheck)
	}
	if len(p.Files) != 2 || !strings.HasSuffix(a.File, "over.yml") || a.Line != 3 {
		t.Errorf("files %v, declared in %s:%d", p.Files, a.File, a.Line)
	}
}

func TestADocumentGoesOverThoseBeforeItInItsFile(t *testing.T) {
	files := map[string]string{
		"compose.yaml": "name: first\nservices:\n  a: {image: x, environment: {A: 1, B: 1}, ports: ['80']}\n---\nname: second\nservices:\n" +
			"  a:\n    environment: {B: 2}\n    ports: !override ['81']\n    networks: [n]\n  b: {image: y}\nnetworks: {n: {}}\n",
	}
	p, err := loadDir(t, files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := p.Services["a"]
	if p.Name != "second" || len(p.Services) != 2 || len(p.Files) != 1 || len(p.Given) != 1 || p.Networks["n"].Name != "second_n" ||
		*a.Environment["A"] != "1" || *a.Environment["B"] != "2" || len(a.Ports) != 1 || a.Ports[0].Target != 81 {
		t.Errorf("%s %v %+v", p.Name, p.ServiceNames(), a.ServiceConfig)
	}
	for text, want := range map[string][]string{
		"services: {a: {image: x}}\n---\nservices:\n  a: {user: $NOPE, nope: 1}\n": {"compose.yaml:4:20: services.a.nope: unknown key"},
		"services: {a: {image: x}}\n---\nservices:\n  a: {networks: [m]}\n":        {"compose.yaml:4:18: services.a.networks.m: no network"},
		"services: {a: {extends: {file: inc.yaml, service: b}}}\n":                 {"compose.yaml:1:16: services.a.extends: inc.yaml holds several YAML documents"},
	} {
		_, err := loadDir(t, map[string]string{"compose.yaml": text, "inc.yaml": "services: {b: {image: x}}\n---\nservices: {c: {image: x}}\n"}, Options{})
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q:\n%v\nwant %s", text, err, part)
			}
		}
	}
}

func TestEveryDocumentOfAnIncludedFileCounts(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"compose.yaml": "include: [inc.yaml]\nservices: {a: {image: x}}\n",
		"inc.yaml":     "services: {b: {image: x}}\n---\nservices: {c: {image: x}}\n",
	}, Options{})
	if err != nil || len(p.Services) != 3 {
		t.Fatalf("%v", err)
	}
}

func TestProblemsNameTheFileThatSaysIt(t *testing.T) {
	_, err := loadDir(t, map[string]string{
		"compose.yaml": `
include: [sub/part.yaml]
services:
  api:
    extends: {file: sub/base.yaml, service: base}
    depends_on: [gone]
  local:
    extends: {service: api}
    umask: 1
`,
		"sub/base.yaml": `
services:
  base:
    image: x
    volumes:
      - ./missing:/x
    secrets: [s]
    use_api_socket: true
    x-stackctl: {jobb: true}
  never:
    image: ${UNSET}
    nonsense: true
`,
		"sub/part.yaml": `
services:
  part:
    image: ${UNSET}
    env_file: nope.env
    x-stackctl: {verify: [{tcp: {port: 1}}]}
`,
	}, Options{})
	for _, want := range []string{
		"compose.yaml:6:18: services.api.depends_on.gone: ",
		"compose.yaml:9:5: services.local.umask: not supported",
		"sub/base.yaml:7:15: services.api.secrets[0]: no secret",
		"sub/base.yaml:8:5: services.api.use_api_socket: not supported",
		"sub/base.yaml:9:18: services.api.x-stackctl.jobb: unknown key",
		"sub/part.yaml:4:12: services.part.image: UNSET is not set, so the image is empty",
		"sub/part.yaml:5:5: services.part.env_file[0]: sub/nope.env: the env file does not exist",
		"sub/part.yaml:6:34: services.part.x-stackctl.verify[0].tcp.port: port 1 is not published",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "never") || strings.Contains(err.Error(), "neither")) {
		t.Error("a service that nobody extends is judged, or an image that is there but unset is missed")
	}
	if t.Failed() {
		t.Logf("%v", err)
	}
}

func TestIncludesHaveTheirOwnDirectoryAndVariables(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"compose.yaml":  "include: [sub/part.yaml, {path: [two/a.yaml, two/b.yaml], project_directory: ., env_file: two/env}]\nservices: {a: {image: \"${TAG}\", depends_on: [part]}}",
		".env":          "TAG=outer",
		"sub/part.yaml": "services: {part: {image: \"x:${TAG}-${OWN}\", volumes: [\"./data:/data\"]}}",
		"sub/.env":      "OWN=inner\nTAG=hidden",
		"sub/data/x":    "",
		"two/a.yaml":    "services: {two: {image: \"${TWO}\", volumes: [\"./two:/two\"]}}",
		"two/b.yaml":    "services: {two: {command: [b]}}",
		"two/env":       "TWO=second",
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Services["part"].Image; got != "x:outer-inner" {
		t.Errorf("image %s", got)
	}
	if got := p.Services["part"].Volumes[0].Source; got != filepath.Join(p.Dir, "sub/data") {
		t.Errorf("source %s", got)
	}
	if two := p.Services["two"]; two.Image != "second" || len(two.Command) != 1 || two.Volumes[0].Source != filepath.Join(p.Dir, "two") {
		t.Errorf("two %v %v %v", two.Image, two.Command, two.Volumes)
	}
	if len(p.Files) != 4 {
		t.Errorf("files %v", p.Files)
	}
}

func TestIncludesAndExtendsThatGoRoundAreReported(t *testing.T) {
	_, err := loadDir(t, map[string]string{
		"compose.yaml": "include: [b.yaml]\nservices: {a: {image: x}}",
		"b.yaml":       "include: [c.yaml]",
		"c.yaml":       "include: [b.yaml]",
	}, Options{})
	if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "c.yaml:1:11: include[0]: files include each other: b.yaml → c.yaml → b.yaml") {
		t.Errorf("include: %v", err)
	}
	for _, text := range []string{
		"services: {a: {extends: b}, b: {extends: a}}",
		"services: {a: {extends: a}}",
		"services: {a: {extends: {file: compose.yaml, service: a}}}",
		"services: {a: {image: x, extends: nope}}",
	} {
		if _, err := loadText(t, text); fault.ClassOf(err) != fault.Config || len(ProblemsOf(err)) == 0 {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWhatTheFileDemandsIsNeverDoneWithout(t *testing.T) {
	_, err := loadDir(t, map[string]string{
		"compose.yaml": "services: {a: {image: x, user: \"${WHO:?name somebody}\", command: [\"${UNSET}\"], env_file: own.env}}",
		"own.env":      "TOKEN=${SECRET_TOKEN?}\n",
	}, Options{})
	if err == nil {
		t.Fatal("it was loaded")
	}
	for _, want := range []string{"compose.yaml:1:32: services.a.user: variable WHO is required: name somebody", "own.env:1: TOKEN: variable SECRET_TOKEN"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "UNSET") {
		t.Errorf("what may be empty is refused: %v", err)
	}
}

func TestAnUnsetVariableIsAWarningWhereItIsAccepted(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"compose.yaml": "services: {a: {image: x, command: [\"${UNSET}\"], env_file: own.env}, b: {image: \"${OFF}\", profiles: [p]}}",
		"own.env":      "PASSWORD=pa$$word$word",
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := *p.Services["a"].Environment["PASSWORD"]; got != "pa$word" {
		t.Errorf("password %q", got)
	}
	want := []Warning{{Message: "2 variables are not set and are taken for empty: UNSET, word; set them in .env, or refuse such a file with --strict-env"}}
	if diff := cmp.Diff(want, p.Warnings); diff != "" {
		t.Error(diff)
	}
	blanks := []Blank{
		{Variable: "UNSET", File: "compose.yaml", Line: 1, Service: "a", Key: "services.a.command[0]"},
		{Variable: "word", File: "own.env", Line: 1, Service: "a", Key: "services.a.environment.PASSWORD"},
	}
	if diff := cmp.Diff(blanks, p.Blanks); diff != "" {
		t.Error(diff)
	}
}

func TestAValueOfDotEnvThatRefersToNothingMattersWhenItIsUsed(t *testing.T) {
	files := map[string]string{".env": "PASSWORD=pa$word\n", "compose.yaml": service("x")}
	if _, err := loadDir(t, files, Options{}); err != nil {
		t.Errorf("unused: %v", err)
	}
	files["compose.yaml"] = service("x:${PASSWORD}")
	_, err := loadDir(t, files, Options{})
	if err == nil || !strings.Contains(err.Error(), ".env:1: PASSWORD: word is not set") {
		t.Errorf("used: %v", err)
	}
}

func TestEnvFilesGiveWayToTheEnvironmentOfTheFile(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"compose.yaml": "services: {a: {image: x, env_file: [one.env, two.env], environment: {OWN: file, PASSED: }}}",
		"one.env":      "OWN=one\nONE=1\nBOTH=one\nREFERS=${OWN}-${OUTER}\n",
		"two.env":      "BOTH=two\nexport QUOTED='$as is'\nESCAPED=\"a\\tb\\$c\"\n",
	}, Options{Environ: []string{"OUTER=o", "PASSED=p"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"OWN": "file", "PASSED": "p", "ONE": "1", "BOTH": "two", "REFERS": "file-o", "QUOTED": "$as is", "ESCAPED": "a\tb$c"}
	got := p.Services["a"].Environment.ToMapping()
	if !maps.Equal(map[string]string(got), want) {
		t.Errorf("environment %v", got)
	}
	if p.Services["a"].EnvFiles != nil {
		t.Error("env_file is still there")
	}
}

func TestAHookTakesVariablesFromTheEnvironmentAsItsServiceDoes(t *testing.T) {
	p := mustLoad(t, `services: {a: {image: x,
  post_start: [{command: [c], environment: [OUTER, NOWHERE, OWN=1]}], pre_stop: [{command: [c], environment: {OUTER: }}]}}`, "OUTER=o")
	start, stop := p.Services["a"].PostStart[0].Environment, p.Services["a"].PreStop[0].Environment
	if start["OUTER"] == nil || *start["OUTER"] != "o" || start["NOWHERE"] != nil || *start["OWN"] != "1" {
		t.Errorf("post_start: %v", start)
	}
	if stop["OUTER"] == nil || *stop["OUTER"] != "o" {
		t.Errorf("pre_stop: %v", stop)
	}
}

func TestARawEnvFileIsReadAsDockerRunReadsIt(t *testing.T) {
	files := map[string]string{
		"compose.yaml": "services:\n  a:\n    image: x\n    env_file:\n      - {path: raw.env, format: raw}\n    environment: {OWN: file}",
		"raw.env":      "\ufeffQUOTED=\"$A # b\" \r\n# comment\n\n  INDENTED= c=d\nOUTER\nOWN\nNOWHERE\nEMPTY=\n",
	}
	p, err := loadDir(t, files, Options{Environ: []string{"OUTER=o"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"QUOTED": `"$A # b" `, "INDENTED": " c=d", "OUTER": "o", "OWN": "file", "EMPTY": ""}
	if got := p.Services["a"].Environment.ToMapping(); !maps.Equal(map[string]string(got), want) {
		t.Errorf("environment %q", got)
	}
	for text, want := range map[string]string{"A=1\n=b\n": "raw.env:2: the line has no name", "A B=c\n": "raw.env:1: the name of a variable holds a space"} {
		files["raw.env"] = text
		if _, err := loadDir(t, files, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAnOptionalDependencyOnAnInactiveServiceIsLeftOut(t *testing.T) {
	p := mustLoad(t, "services: {a: {image: x, depends_on: {b: {condition: service_started, required: false}}}, b: {image: x, profiles: [p]}}")
	if len(p.Services["a"].DependsOn) != 0 || !slices.Equal(p.Disabled, []string{"b"}) {
		t.Errorf("depends on %v, disabled %v", p.Services["a"].DependsOn, p.Disabled)
	}
}

func TestOnlyWhatIsUsedIsKept(t *testing.T) {
	p := mustLoad(t, `
services: {a: {image: x, networks: [used], volumes: ["kept:/x"]}, b: {image: x, profiles: [p], networks: [other]}}
networks: {used: {}, other: {}, unused: {driver: "${UNSET}"}}
volumes: {kept: {name: own}, unused: {}}
secrets: {unused: {file: ./missing}}
`)
	if len(p.Networks) != 1 || len(p.Volumes) != 1 || len(p.Secrets) != 0 {
		t.Errorf("networks %v, volumes %v, secrets %v", p.Networks, p.Volumes, p.Secrets)
	}
	if p.NetworkName("used") != "app_used" || p.VolumeName("kept") != "own" || p.NetworkName("none") != "app_none" {
		t.Errorf("names %s %s", p.NetworkName("used"), p.VolumeName("kept"))
	}
}

func TestWhatOnlyTheWholeProjectShowsHasItsPlaceToo(t *testing.T) {
	for text, want := range map[string]string{
		"services: {a: {image: x, ports: [{target: 80, host_ip: nope}]}}":                             ":1:34: services.a.ports[0]: the host_ip \"nope\" is not an address",
		"services: {a: {image: x, gpus: [{count: 1, device_ids: [a]}]}}":                              ":1:26: services.a.gpus: \"count\" and \"device_ids\"",
		"services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {file: a, environment: b}}":            ":2:11: secrets.s: file|environment attributes",
		"services: {a: {image: x, environment: ['A =1']}}":                                            ":1:26: services.a.environment: environment variable A  is declared",
		"services: {a: {image: x, command: 'not \"closed', extra_hosts: [abc]}}":                      ":1:50: services.a.extra_hosts: invalid additional host",
		"services: {a: {image: x, configs: [{source: s, mode: '9'}]}}\nconfigs: {s: {content: x}}":    ":1:48: services.a.configs[0].mode: \"9\" is not a number",
		"services: {a: {build: {dockerfile_inline: FROM x, additional_contexts: {x: service:nope}}}}": ":1:12: services.a: service \"a\" declares unknown service",
		"services: {a: {image: x, build: {context: ./nodir}}}":                                        ":1:34: services.a.build.context: nodir: the build context does not exist",
		"services: {a: {image: x, ports: [{target: 80, foo: 1}]}}":                                    ":1:47: services.a.ports[0].foo: unknown key",
		"services: {a: {image: x, depends_on: {b: {restart: true}}}, b: {image: x}}":                  ":1:39: services.a.depends_on.b: condition is missing",
		"services: {a: {image: x, cpus: .inf}}":                                                       ":1:32: services.a.cpus: .inf is not a number that can be used",
		"services: {}":                                                                                ":1:1: services: there is no service; declare one",
		"networks: {a: {}}":                                                                           "compose.yaml: services: there is no service",
		"services: {a: {image: x, profiles: [p, q]}}":                                                 "no service is active: all belong to profiles; add --profile with one of p, q",
		"services: {a: {image: x, extends: nope}}":                                                    ":1:26: services.a.extends: there is no service \"nope\" in compose.yaml",
		"services: {a: {extends: b}, b: {extends: a}}":                                                ":1:16: services.a.extends: services extend each other: a → b → a",
		"services: {a: {image: x, env_file: {path: a}}}":                                              ":1:26: services.a.env_file: must be a list or string, not a mapping",
	} {
		_, err := loadText(t, text)
		if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", text, err, want)
		}
	}
}

func TestCommandsThatLookOrRemoveNeedNoFiles(t *testing.T) {
	text := `
services:
  a:
    build: ./nope
    env_file: nope.env
    secrets: [s]
    volumes: ["./nope:/x"]
    x-stackctl: {verify: [{postgres: {password_file: nope}}]}
secrets: {s: {file: ./nope}}
`
	_, err := loadText(t, text)
	if got := len(ProblemsOf(err)); got != 4 {
		t.Errorf("%d problems: %v", got, err)
	}
	p, err := loadDir(t, map[string]string{"compose.yaml": text}, Options{WithoutFiles: true})
	if err != nil || len(p.Services) != 1 {
		t.Errorf("%v", err)
	}
}
