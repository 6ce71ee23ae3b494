package docker

import "github.com/stackctl/stackctl/compose"

// checkVersion refuses what an older engine would silently ignore, for whoever
// creates a container without a plan, which says it with its place.
func checkVersion(s *compose.Service, api apiVersion) error {
	for _, need := range s.Needs() {
		if !api.atLeast(need.API) {
			return tooOld(need.Key, need.API, api)
		}
	}
	return nil
}
