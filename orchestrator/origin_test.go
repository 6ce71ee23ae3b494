package orchestrator

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// place is a directory with a compose file, and what was made in it.
type place struct {
	t   *testing.T
	dir string
}

// newPlace is a directory called name below root.
func newPlace(t *testing.T, root, name string) place {
	t.Helper()
	dir := filepath.Join(root, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("secret-content"), 0o600); err != nil {
		t.Fatal(err)
	}
	return place{t, dir}
}

const keyed = `
services: {web: {image: web, secrets: [key], environment: {PASSWORD: a-long-password}, healthcheck: {test: [CMD, x]}, volumes: ["data:/d"]}}
volumes: {data: {}}
secrets: {key: {file: ./key}}
`

func (p place) project() *compose.Project {
	p.t.Helper()
	project := loadIn(p.t, p.dir, keyed)
	project.Host = "this host"
	return project
}

// originsOf are where the objects of an observation come from.
func originsOf(o Observed) []Origin {
	var all []Origin
	for _, c := range o.Containers {
		all = AddOrigin(all, TraceContainer, c.Name, c.Labels)
	}
	for _, n := range o.Networks {
		all = AddOrigin(all, TraceNetwork, n.Name, n.Labels)
	}
	for _, v := range o.Volumes {
		all = AddOrigin(all, TraceVolume, v.Name, v.Labels)
	}
	return all
}

var thisHost = Here{Stat: os.Stat}

func TestAMovedDirectoryKeepsItsStackWithoutReplacingAnything(t *testing.T) {
	root := t.TempDir()
	old := newPlace(t, root, "old")
	o := upOf(old.project())
	moved := filepath.Join(root, "new")
	if err := os.Rename(old.dir, moved); err != nil {
		t.Fatal(err)
	}
	now := place{t, moved}.project()
	claim, err := Decide(now, originsOf(o), thisHost)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(claim.Taken, "which no longer exists") {
		t.Errorf("it says %q", claim.Taken)
	}
	plan := planOf(t, input(claim.Project, o))
	if len(plan.Actions) > 0 {
		t.Errorf("for the change of place alone it does\n%s", plan)
	}
	if _, err := MakePlan(input(selected(t, claim.Project, "web"), o)); err != nil {
		t.Errorf("a selection of it does not own the stack: %v", err)
	}
	for i := range o.Containers {
		if why := configCause(claim.Project, claim.Project.Services["web"], o.Containers[i]); why != "" {
			t.Errorf("status says that it differs: %s", why)
		}
	}
	mounting := o.Containers[0]
	mounting.Mounts = append([]Mount{{Type: "bind", Source: filepath.Join(old.dir, "key"), Destination: "/run/secrets/key"}}, mounting.Mounts...)
	if why := configCause(claim.Project, claim.Project.Services["web"], mounting); !strings.Contains(why, "it mounts "+old.dir+"/key") {
		t.Errorf("a container that mounts a file of the old directory stays: %q", why)
	}
	// What is made here from now on says where the project is: whoever makes the
	// old directory again does not have it.
	o.Containers = append(o.Containers, replicaOf(claim.Project, claim.Project.Services["web"], 2, o.Images["web"]))
	again := newPlace(t, root, "old").project()
	if _, err := Decide(again, originsOf(Observed{Containers: o.Containers[len(o.Containers)-1:], Volumes: o.Volumes}), thisHost); fault.ClassOf(err) != fault.Conflict {
		t.Errorf("the old directory, made again, owns the stack: %v", err)
	}
	claim, err = Decide(now, originsOf(o), thisHost)
	if err != nil || claim.Taken != "" || len(planOf(t, input(claim.Project, o)).Actions) != 2 {
		t.Errorf("the new directory: %v, %q", err, claim.Taken)
	}
}

func TestAStackIsOnlyTakenFromAnotherDirectoryForAReason(t *testing.T) {
	root := t.TempDir()
	one, two := newPlace(t, root, "one"), newPlace(t, root, "two")
	link := filepath.Join(root, "current")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(one.dir, link))
	direct, linked := originsOf(upOf(one.project())), originsOf(upOf(place{t, link}.project()))
	gone := originsOf(upOf(one.project()))
	for i := range gone {
		gone[i].Dir = filepath.Join(root, "gone")
		gone[i].Owner = compose.DirectoryID(gone[i].Dir)
	}
	elsewhere := append([]Origin(nil), gone...)
	for i := range elsewhere {
		elsewhere[i].Host = "another host"
	}
	unsaid := append([]Origin(nil), gone...)
	for i := range unsaid {
		unsaid[i].Host = ""
	}
	remembers := func(dir string) Here {
		return Here{Stat: os.Stat, Moved: func(string) string { return dir }}
	}
	volumes := func(all []Origin) []Origin { return all[len(all)-1:] }
	must(os.Remove(link))
	must(os.Symlink(two.dir, link))
	for _, c := range []struct {
		name    string
		p       *compose.Project
		origins []Origin
		here    Here
		refused bool
		owns    bool
		taken   string
	}{
		{name: "nothing is there", p: two.project(), here: thisHost},
		{name: "the same directory", p: one.project(), origins: direct, here: thisHost, owns: true},
		{name: "the same directory through a link", p: one.project(), origins: linked, here: thisHost, owns: true},
		{name: "another directory", p: two.project(), origins: direct, here: thisHost, refused: true},
		{name: "another directory through a link that did not make it", p: place{t, link}.project(), origins: direct, here: thisHost, refused: true},
		{name: "the link that made it leads elsewhere now", p: place{t, link}.project(), origins: linked, here: thisHost, owns: true, taken: "and is "},
		{name: "where the link leads, without it", p: two.project(), origins: linked, here: thisHost, refused: true},
		{name: "another directory, asked for", p: two.project(), origins: direct, here: Here{Stat: os.Stat, Adopt: true}, owns: true, taken: "--adopt"},
		{name: "a directory that is gone", p: two.project(), origins: gone, here: thisHost, owns: true, taken: "no longer exists"},
		{name: "a directory that is gone, taken over by this one before", p: two.project(), origins: gone, here: remembers(two.dir), owns: true},
		{name: "a directory that is gone, taken over by a third one", p: two.project(), origins: gone, here: remembers(one.dir), refused: true},
		{name: "a directory that is gone, taken over by one that is gone as well", p: two.project(), origins: gone, here: remembers(filepath.Join(root, "none")), owns: true, taken: "no longer exists"},
		{name: "another directory, asked for before", p: two.project(), origins: direct, here: remembers(two.dir), owns: true},
		{name: "a volume of a directory that is gone", p: two.project(), origins: volumes(gone), here: thisHost, owns: true, taken: "no longer exists"},
		{name: "a volume of another directory", p: two.project(), origins: volumes(direct), here: thisHost},
		{name: "a directory of another host", p: two.project(), origins: elsewhere, here: Here{Local: true, Stat: os.Stat}, refused: true},
		{name: "a directory of a host that is not said, with the engine elsewhere", p: two.project(), origins: unsaid, here: thisHost, refused: true},
		{name: "a directory of a host that is not said, with the engine here", p: two.project(), origins: unsaid, here: Here{Local: true, Stat: os.Stat}, refused: true},
		{name: "a directory that cannot be looked at", p: two.project(), origins: gone, refused: true,
			here: Here{Stat: func(string) (os.FileInfo, error) { return nil, errors.New("not allowed") }}},
	} {
		claim, err := Decide(c.p, c.origins, c.here)
		if refused := err != nil; refused != c.refused || refused && (fault.ClassOf(err) != fault.Conflict || !strings.Contains(err.Error(), "--adopt")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		if owns := len(c.origins) > 0 && claim.Project.Owns(c.origins[0].Owner); owns != c.owns {
			t.Errorf("%s: owns it: %t", c.name, owns)
		}
		if claim.Taken != "" != (c.taken != "") || !strings.Contains(claim.Taken, c.taken) {
			t.Errorf("%s: says %q", c.name, claim.Taken)
		}
	}
}

func TestAMountBelowALinkDiffersWhenTheLinkLeadsElsewhere(t *testing.T) {
	root := t.TempDir()
	one, two := newPlace(t, root, "one"), newPlace(t, root, "two")
	link := filepath.Join(root, "current")
	file := "services: {web: {image: web, volumes: [\"./key:/key\"]}}\n"
	through := func(to string) *compose.Project {
		_ = os.Remove(link) // there is none at first
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
		return loadIn(t, link, file)
	}
	first := through(one.dir)
	if real := loadIn(t, one.dir, file); real.Services["web"].Hash(real) != first.Services["web"].Hash(first) {
		t.Error("one directory under two paths is two configurations")
	}
	second := through(two.dir)
	if second.Services["web"].Hash(second) == first.Services["web"].Hash(first) {
		t.Error("what is mounted is another file, and nothing shows it")
	}
}
