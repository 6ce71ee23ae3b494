package compose

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// lintHost names what gives a container power over its host, in one warning.
func lintHost(s *Service) []string {
	var powers []string
	if s.Privileged {
		powers = append(powers, "privileged")
	}
	if s.Pid == "host" {
		powers = append(powers, "pid: host")
	}
	for _, v := range s.Volumes {
		switch source := filepath.Clean(v.Source); {
		case v.Type != types.VolumeTypeBind:
		case source == "/":
			powers = append(powers, "the whole file system is mounted")
		case strings.HasSuffix(source, "/docker.sock") || strings.HasSuffix(source, "/podman.sock"):
			powers = append(powers, "the engine's socket is mounted")
		}
	}
	if len(powers) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("whoever gets into it has this host: %s", strings.Join(powers, ", "))}
}
