package orchestrator

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAStackOfADirectoryThatIsGoneIsFoundByItsServices(t *testing.T) {
	t.Parallel()
	p := load(t, fourLevels)
	gone, there := filepath.Join(t.TempDir(), "gone"), t.TempDir()
	of := func(project, dir, host string, services ...string) (all []ProjectContainer) {
		for _, s := range services {
			all = append(all, ProjectContainer{Origin: Origin{Kind: TraceContainer, Owner: "x", Dir: dir, Host: host}, Project: project, Service: s})
		}
		return all
	}
	here := Here{Stat: os.Stat}
	for name, c := range map[string]struct {
		all  []ProjectContainer
		here Here
		want string
	}{
		"the same services":         {of("old", gone, p.Host, "db", "api"), here, "old"},
		"other services too":        {of("old", gone, p.Host, "db", "other"), here, ""},
		"a directory that is there": {of("old", there, p.Host, "db"), here, ""},
		"another host":              {of("old", gone, "elsewhere", "db"), here, ""},
		"this project":              {of(p.Name, gone, p.Host, "db"), here, ""},
		"taken over by another":     {of("old", gone, p.Host, "db"), Here{Stat: os.Stat, Moved: func(string) string { return there }}, ""},
	} {
		if got, _ := Abandoned(p, c.all, c.here); got != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
}
