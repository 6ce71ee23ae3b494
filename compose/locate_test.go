package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

func service(image string) string { return "services: {a: {image: \"" + image + "\"}}\n" }

func imageOf(t *testing.T, p *Project, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return p.Services["a"].Image
}

func TestFilesAreFoundAsDockerComposeFindsThem(t *testing.T) {
	cases := []struct {
		name  string
		files map[string]string
		o     Options
		want  string
	}{
		{"compose.yaml goes before the others", map[string]string{"compose.yaml": service("one"), "docker-compose.yml": service("two")}, Options{}, "one"},
		{"docker-compose.yml goes before .yaml", map[string]string{"docker-compose.yaml": service("one"), "docker-compose.yml": service("two")}, Options{}, "two"},
		{"an override is merged", map[string]string{"compose.yaml": service("one"), "compose.override.yml": service("over")}, Options{}, "over"},
		{"an override of the other family too", map[string]string{"compose.yaml": service("one"), "docker-compose.override.yml": service("over")}, Options{}, "over"},
		{"named files leave the override out", map[string]string{"compose.yaml": service("one"), "compose.override.yml": service("over")}, Options{Files: []string{"compose.yaml"}}, "one"},
		{"the last named file wins", map[string]string{"a.yml": service("a"), "b.yml": service("b")}, Options{Files: []string{"a.yml", "b.yml"}}, "b"},
		{"COMPOSE_FILE names files", map[string]string{"a.yml": service("a"), "b.yml": service("b")}, Options{Environ: []string{"COMPOSE_FILE=b.yml:a.yml"}}, "a"},
		{"COMPOSE_PATH_SEPARATOR parts them", map[string]string{"a.yml": service("a"), "b.yml": service("b")}, Options{Environ: []string{"COMPOSE_FILE=a.yml,b.yml", "COMPOSE_PATH_SEPARATOR=,"}}, "b"},
		{"COMPOSE_FILE may stand in .env", map[string]string{"a.yml": service("a"), ".env": "COMPOSE_FILE=a.yml"}, Options{}, "a"},
		{"a flag goes before COMPOSE_FILE", map[string]string{"a.yml": service("a"), "b.yml": service("b")}, Options{Files: []string{"b.yml"}, Environ: []string{"COMPOSE_FILE=a.yml"}}, "b"},
		{"a file from standard input", nil, Options{Files: []string{"-"}, Stdin: strings.NewReader(service("stdin"))}, "stdin"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := loadDir(t, c.files, c.o)
			if got := imageOf(t, p, err); got != c.want {
				t.Errorf("image %q, want %q", got, c.want)
			}
		})
	}
}

func TestDirectoriesAboveAreSearchedAndGiveTheirNameAndEnv(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": service("x:${TAG}"), ".env": "TAG=above", "below/deep/x": ""})
	p, err := Load(t.Context(), Options{WorkingDir: filepath.Join(dir, "below", "deep")})
	if got := imageOf(t, p, err); got != "x:above" {
		t.Errorf("image %q", got)
	}
	if p.Name != "app" || p.Dir != dir {
		t.Errorf("name %q in %q", p.Name, p.Dir)
	}
}

func TestNoFileAtAllSaysWhereItWasLookedFor(t *testing.T) {
	_, err := loadDir(t, nil, Options{})
	if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "no compose file in") {
		t.Fatal(err)
	}
}

func TestVariablesComeFromTheEnvironmentThenFromEnvFiles(t *testing.T) {
	compose := service("x-${TAG}a")
	cases := []struct {
		name  string
		files map[string]string
		o     Options
		want  string
	}{
		{".env of the directory", map[string]string{".env": "TAG=dotenv"}, Options{}, "x-dotenva"},
		{"the environment goes before .env", map[string]string{".env": "TAG=dotenv"}, Options{Environ: []string{"TAG=process"}}, "x-processa"},
		{"an empty variable is set", map[string]string{".env": "TAG=dotenv"}, Options{Environ: []string{"TAG="}}, "x-a"},
		{"--env-file replaces .env", map[string]string{".env": "TAG=dotenv", "other": "TAG=other"}, Options{EnvFiles: []string{"other"}}, "x-othera"},
		{"the last --env-file wins", map[string]string{"one": "TAG=1", "two": "TAG=2"}, Options{EnvFiles: []string{"one", "two"}}, "x-2a"},
		{"COMPOSE_ENV_FILES names them", map[string]string{"one": "TAG=1", "two": "TAG=2"}, Options{Environ: []string{"COMPOSE_ENV_FILES=two,one"}}, "x-1a"},
		{"values refer to others", map[string]string{".env": "A=1\nTAG=${A}-$B"}, Options{Environ: []string{"B=2"}}, "x-1-2a"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.files["compose.yaml"] = compose
			p, err := loadDir(t, c.files, c.o)
			if got := imageOf(t, p, err); got != c.want {
				t.Errorf("image %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnEnvFileOfTheCommandLineMustExistAndNullIsNone(t *testing.T) {
	files := map[string]string{"compose.yaml": service("x"), ".env": "COMPOSE_PROJECT_NAME=fromenv"}
	if _, err := loadDir(t, files, Options{EnvFiles: []string{"nope"}}); fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), "nope: the env file does not exist") {
		t.Errorf("missing: %v", err)
	}
	p, err := loadDir(t, files, Options{EnvFiles: []string{os.DevNull}})
	if err != nil || p.Name != "app" {
		t.Errorf("null: %v %v", p, err)
	}
	p, err = loadDir(t, files, Options{Environ: []string{"COMPOSE_DISABLE_ENV_FILE=1"}})
	if err != nil || p.Name != "app" {
		t.Errorf("disabled: %v %v", p, err)
	}
}

func TestTheProjectNameComesFromTheFlagThenTheEnvironmentThenTheFileThenTheDirectory(t *testing.T) {
	named := "name: ${N:-file}\n" + service("x")
	cases := []struct {
		name, text string
		o          Options
		want       string
	}{
		{"flag", named, Options{Name: "flag", Environ: []string{"COMPOSE_PROJECT_NAME=env"}}, "flag"},
		{"environment", named, Options{Environ: []string{"COMPOSE_PROJECT_NAME=env"}}, "env"},
		{"file", named, Options{}, "file"},
		{"file with a variable", named, Options{Environ: []string{"N=other"}}, "other"},
		{"directory", service("x"), Options{}, "app"},
		{"directory flag", service("x"), Options{Dir: "sub"}, "sub"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Dir != "" {
				c.o.Files = []string{"compose.yaml"}
			}
			p, err := loadDir(t, map[string]string{"compose.yaml": c.text + "x-n: ${COMPOSE_PROJECT_NAME}\n", "sub/x": ""}, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if p.Name != c.want || p.Source.Extensions["x-n"] != c.want {
				t.Errorf("name %q, COMPOSE_PROJECT_NAME %q, want %q", p.Name, p.Source.Extensions["x-n"], c.want)
			}
		})
	}
}

func TestTheIdentityIsTheRealDirectory(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": service("x"), "other/compose.yaml": service("x")})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	load := func(dir string) *Project {
		p, err := Load(t.Context(), Options{WorkingDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if a, b := load(dir), load(link); a.ID() != b.ID() || a.Dir != b.Dir || b.Name != "link" {
		t.Errorf("%s %s, %s %s, name %s", a.ID(), a.Dir, b.ID(), b.Dir, b.Name)
	}
	if a, b := load(dir), load(filepath.Join(dir, "other")); a.ID() == b.ID() || len(a.ID()) != 16 {
		t.Errorf("two directories have the identity %s", a.ID())
	}
}

func TestProfilesDecideWhatIsActive(t *testing.T) {
	text := "services: {always: {image: x}, dev: {image: x, profiles: [dev]}, db: {image: x, profiles: [dev, full]}}"
	cases := []struct {
		name string
		o    Options
		want []string
	}{
		{"none", Options{}, []string{"always"}},
		{"the flag", Options{Profiles: []string{"full"}}, []string{"always", "db"}},
		{"COMPOSE_PROFILES", Options{Environ: []string{"COMPOSE_PROFILES=full, dev"}}, []string{"always", "db", "dev"}},
		{"the flag goes before it", Options{Profiles: []string{"full"}, Environ: []string{"COMPOSE_PROFILES=dev"}}, []string{"always", "db"}},
		{"all", Options{Profiles: []string{"*"}}, []string{"always", "db", "dev"}},
		{"a named service", Options{Services: []string{"dev"}}, []string{"always", "db", "dev"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := loadDir(t, map[string]string{"compose.yaml": text}, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.ServiceNames(); !slices.Equal(got, c.want) {
				t.Errorf("services %v, want %v", got, c.want)
			}
			if got := len(p.Disabled) + len(p.Services); got != 3 {
				t.Errorf("disabled %v", p.Disabled)
			}
		})
	}
}
