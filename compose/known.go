package compose

import (
	"sync"

	"github.com/compose-spec/compose-go/v2/types"
)

// known remembers what follows from a project, which never changes after it
// was loaded: evaluations ask for it many times a second.
type known struct {
	mu     sync.Mutex
	hashes map[*Service]string
	// awaited are the services whose success others wait for, by project:
	// copies of a project are projects of their own.
	awaited map[*Project]map[string]bool
}

func newKnown() *known {
	return &known{hashes: map[*Service]string{}, awaited: map[*Project]map[string]bool{}}
}

// success returns the services of p whose success others wait for.
func (k *known) success(p *Project) map[string]bool {
	if k == nil {
		return awaitedIn(p)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.awaited[p] == nil {
		k.awaited[p] = awaitedIn(p)
	}
	return k.awaited[p]
}

func awaitedIn(p *Project) map[string]bool {
	awaited := map[string]bool{}
	for _, s := range p.Services {
		for name, d := range s.DependsOn {
			if d.Condition == types.ServiceConditionCompletedSuccessfully {
				awaited[name] = true
			}
		}
	}
	return awaited
}

// hash returns the digest of s, made the first time. Copies of a service are
// services of their own.
func (k *known) hash(s *Service, make func() string) string {
	if k == nil {
		return make()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.hashes[s]; !ok {
		k.hashes[s] = make()
	}
	return k.hashes[s]
}
