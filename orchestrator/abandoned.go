package orchestrator

import (
	"os"

	"github.com/stackctl/stackctl/compose"
)

// ProjectContainer is where a container of any project comes from.
type ProjectContainer struct {
	Origin
	Project, Service string
}

// Abandoned names a project of another name whose directory is no longer on this
// host, and all of whose containers are of services that the file of p has: most
// likely p under the name of the directory that it was in before. The second result
// is that directory; both are "" for none.
func Abandoned(p *compose.Project, all []ProjectContainer, here Here) (name, dir string) {
	candidates, foreign := map[string]string{}, map[string]bool{}
	for _, c := range all {
		_, err := here.Stat(c.Dir)
		if c.Project == p.Name || c.Dir == "" || c.Host != p.Host || !os.IsNotExist(err) || here.moved(c.Owner) != "" || !p.Declares(c.Service) {
			foreign[c.Project] = true
			continue
		}
		candidates[c.Project] = c.Dir
	}
	for _, name := range sortedKeys(candidates) {
		if !foreign[name] {
			return name, candidates[name]
		}
	}
	return "", ""
}
