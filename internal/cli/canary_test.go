package cli

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// canaries are secrets, each in another place of a compose file, made of
// characters that every format writes in its own way. Each has a core that
// stays the same in all of them.
func canaries() (secrets map[string]string, cores []string) {
	secrets = map[string]string{}
	for i, place := range []string{
		"environment", "env_file", "secret file", "secret environment", "build secret", "build arg", "postgres",
		"url", "label", "label url", "option", "option word", "healthcheck", "interpolated",
	} {
		core := fmt.Sprintf("kanari%02d", i)
		cores = append(cores, core)
		secrets[place] = `it's: "` + core + `" <&> | ü% end`
		if strings.Contains(place, "url") || place == "healthcheck" { // no blanks or quotes there
			secrets[place] = core + "&<%|>" + core
		}
	}
	return secrets, cores
}

// canaryProgram is a program over a project that holds all of them.
func canaryProgram(t *testing.T, secrets map[string]string) *program {
	t.Helper()
	quoted := func(place string) string { return "'" + strings.ReplaceAll(secrets[place], "'", "''") + "'" }
	escaped := func(place string) string { return url.QueryEscape(secrets[place]) }
	p := newProgram(t, `name: shop
services:
  db:
    image: shop/db
    env_file: vars
    environment:
      DB_PASSWORD: `+quoted("environment")+`
      POSTGRES_PASSWORD: `+quoted("postgres")+`
      DATABASE_URL: postgres://app:`+escaped("url")+`@db/app
      SHORT_SECRET: k4n
      MESSAGE: "with ${SOME_TOKEN}"
    command: [run, --password, `+quoted("option word")+`, `+strings.Replace(quoted("option"), "'", "'--api-key=", 1)+`]
    labels: {app.token: `+quoted("label")+`, app.url: "http://x:`+escaped("label url")+`@y/"}
    healthcheck: {test: "PGPASSWORD='`+secrets["healthcheck"]+`' psql"}
    secrets: [file, outside]
  web:
    image: shop/web
    build: {context: ., secrets: [built], args: {NPM_TOKEN: `+quoted("build arg")+`}}
    depends_on: [db]
secrets:
  file: {file: ./file.secret}
  outside: {environment: OUTSIDE}
  built: {file: ./built.secret}
`)
	for name, text := range map[string]string{
		"file.secret": secrets["secret file"] + "\n", "built.secret": secrets["build secret"], "Dockerfile": "FROM scratch\n",
		"vars": "FILE_SECRET=\"" + strings.ReplaceAll(secrets["env_file"], `"`, `\"`) + "\"\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.env = append(p.env, "OUTSIDE="+secrets["secret environment"], "SOME_TOKEN="+secrets["interpolated"])
	return p
}

// fill puts a text into every string below v; lists get one entry.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(text)
		}
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Int {
			v.Set(reflect.New(v.Type().Elem()))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text)
	case reflect.Map:
		if v.Type() == reflect.TypeFor[map[string]string]() {
			v.Set(reflect.ValueOf(map[string]string{"key": text}))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Now()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), text)
			}
		}
	}
}

// loose is a report in which whatever can hold a text holds this one.
func loose(text string, proven bool) orchestrator.Report {
	var r orchestrator.Report
	fill(reflect.ValueOf(&r).Elem(), text)
	r.Proven, r.Took, r.ReadyAfter = proven, 2*time.Second, time.Second
	r.Services[0].Proven, r.Services[0].Final = proven, !proven
	victim := r.Services[0]
	victim.Name, victim.BlockedBy = "web "+text, []string{r.Services[0].Name}
	r.Services = append(r.Services, victim)
	second := r.Cards[0]
	second.Class = fault.Verify
	r.Cards = append(r.Cards, second)
	return r
}

// leakyOperations say the text wherever they can.
func leakyOperations(p *program, text string, err error) {
	say := func(o orchestrator.Options) {
		for _, phase := range []orchestrator.Phase{orchestrator.PhasePulling, orchestrator.PhaseBuilding, orchestrator.PhaseStarted,
			orchestrator.PhaseProbing, orchestrator.PhaseNote, orchestrator.PhaseWarning, orchestrator.PhaseFailed} {
			o.Listen(orchestrator.Progress{Service: "db", Phase: phase, Target: text, Message: text})
			o.Listen(orchestrator.Progress{Phase: phase, Target: text, Message: text})
		}
		o.Log.Trace().Str("field", text).Strs("list", []string{text}).Interface("any", map[string]string{"k": text}).Msg(text)
		o.Log.Warn().Err(fmt.Errorf("say %s", text)).Bytes("bytes", []byte(text)).Msg(text)
	}
	up := func(_ context.Context, _ orchestrator.FullEngine, _ *compose.Project, o orchestrator.Options) (orchestrator.Report, error) {
		say(o)
		return loose(text, err == nil), err
	}
	again := func(ctx context.Context, e orchestrator.FullEngine, project *compose.Project, _ []string, o orchestrator.Options) (orchestrator.Report, error) {
		return up(ctx, e, project, o)
	}
	make := func(_ context.Context, _ orchestrator.FullEngine, _ *compose.Project, _ []string, o orchestrator.Options) ([]orchestrator.Provision, error) {
		say(o)
		return []orchestrator.Provision{{Ref: text, Services: []string{text}, Action: images.Build, Cause: text, Err: err}}, nil
	}
	p.ops.up, p.ops.start, p.ops.restart, p.ops.build, p.ops.pull = up, again, again, make, make
	p.ops.look = func(context.Context, orchestrator.Engine, *compose.Project, orchestrator.Options) (orchestrator.Report, error) {
		return loose(text, err == nil), err
	}
	p.ops.preview = func(context.Context, orchestrator.FullEngine, *compose.Project, orchestrator.Options) (orchestrator.Preview, error) {
		var preview orchestrator.Preview
		fill(reflect.ValueOf(&preview).Elem(), text)
		return preview, err
	}
	p.ops.down = func(_ context.Context, _ orchestrator.Engine, _ *compose.Project, o orchestrator.DownOptions) error {
		o.Listen(orchestrator.Progress{Service: "db", Phase: orchestrator.PhaseRemoved, Target: text, Message: text})
		return err
	}
	p.engine.containers = []orchestrator.Container{{ID: "d1", Name: "shop-db-1", Project: "shop", Service: "db", Number: 1, State: orchestrator.StateRunning}}
	p.engine.said = map[string]string{"d1": "2026-01-02T03:04:05Z " + strings.ReplaceAll(text, "\n", " ") + "\n"}
}

// leaks are the cores that stand in a text.
func leaks(text string, cores []string) []string {
	var found []string
	for _, core := range cores {
		if strings.Contains(text, core) {
			found = append(found, core)
		}
	}
	return found
}

func TestTheCanaryIsShownNowhere(t *testing.T) {
	secrets, cores := canaries()
	var all []string
	for _, secret := range secrets {
		all = append(all, "said "+secret+".")
	}
	all, cores = append(all, "SHORT_SECRET=k4n"), append(cores, "k4n")
	text := strings.Join(all, " ")
	check := func(line string, failing bool, width int, env ...string) {
		p := canaryProgram(t, secrets)
		p.env = append(p.env, env...)
		if err := os.Mkdir("out", 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if failing {
			err = fault.New(fault.Service, "it says %s", text).WithHint("say %s", text)
		}
		leakyOperations(p, text, err)
		p.streams.OutTerminal, p.streams.ErrTerminal = width > 0, width > 0
		p.streams.Size = func() (int, int) { return width, 24 }
		p.run(t.Context(), line)
		said := p.out.String() + p.err.String() + filesBelow(t, "out")
		if said == "" && !strings.Contains(line, "quiet") {
			t.Errorf("%s says nothing", line)
		}
		if found := leaks(said, cores); len(found) > 0 {
			at := strings.Index(said, found[0])
			t.Errorf("%v %s (failing %v, width %d) leaks %d of them: %q", env, line, failing, width, len(found), said[max(at-60, 0):min(at+60, len(said))])
		}
	}
	const reports = " --report out/r.json --report out/r.xml --report out/r.md"
	for _, line := range []string{
		"status -o json", "status -o yaml", "plan", "plan -o json", "up --dry-run", "build", "pull", "logs", "logs --no-log-prefix -t",
		"config", "config --hash *", "config --images", "port db 1",
	} {
		check(line, false, 0)
	}
	for _, failing := range []bool{false, true} {
		check("--log-level trace up --timings"+reports, failing, 0, "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=out/summary.md", "GITHUB_WORKSPACE=/")
		check("--progress json --log-level trace up", failing, 0)
		check("--progress quiet up", failing, 0)
		check("up", failing, 0, "GITLAB_CI=true")
		for _, line := range []string{"--log-level debug up", "restart", "status", "status -o wide", "down"} {
			check(line, failing, 40) // secrets are broken into lines
		}
	}
	p := canaryProgram(t, secrets)
	p.expect(t, 0, "config --no-redact")
	if found := leaks(p.out.String(), cores); len(found) < len(cores)-4 { // some are in files
		t.Errorf("--no-redact shows only %v:\n%s", found, p.out.String())
	}
}

// filesBelow is everything that stands in the files of a directory.
func filesBelow(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTheCanaryWouldBeSeen keeps the test above honest.
func TestTheCanaryWouldBeSeen(t *testing.T) {
	secrets, cores := canaries()
	for place, secret := range secrets {
		if len(leaks("x "+secret, cores)) == 0 {
			t.Errorf("the one in %s would not be found", place)
		}
	}
	r := loose("canary", false)
	if len(r.Cards) != 2 || r.Cards[0].Logs[0] != "canary" || r.Services[0].Conditions[0].Evidence[0].Detail["key"] != "canary" || r.Cards[0].ExitCode == nil {
		t.Errorf("it is not in %+v", r)
	}
}
