package compose

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

const (
	postgresHome = "/var/lib/postgresql"
	postgresData = "/var/lib/postgresql/data"
)

// lintPostgres warns when a Postgres service does not keep its data.
func lintPostgres(s *Service) []string {
	version, ok := postgresVersion(s.Image)
	if !ok || !s.RunsServer() {
		return nil
	}
	data := postgresData
	if version >= 18 {
		data = fmt.Sprintf("%s/%d/docker", postgresHome, version)
	}
	if own := s.Environment["PGDATA"]; own != nil && *own != "" {
		data = filepath.Clean(*own)
	}
	mount, kept := mountOver(s, data)
	switch {
	case kept && (mount.Type != types.VolumeTypeVolume || mount.Source != ""):
		return nil
	case !kept && version >= 18 && isMounted(s, postgresData):
		return []string{fmt.Sprintf("postgres %d keeps its data in %s, outside of what is mounted at %s: it is lost with the container; mount the volume at %s",
			version, data, postgresData, postgresHome)}
	}
	return []string{fmt.Sprintf("the database in %s is kept in no named volume: it is lost with the container; add - pgdata:%s",
		data, postgresMount(version))}
}

func postgresMount(version int) string {
	if version >= 18 {
		return postgresHome
	}
	return postgresData
}

// postgresVersion reads the major version from an image's name; 0 when the
// tag does not say.
func postgresVersion(image string) (int, bool) {
	image, _, _ = strings.Cut(image, "@")
	name := filepath.Base(image)
	name, tag, _ := strings.Cut(name, ":")
	if name != "postgres" && name != "postgis" && name != "pgvector" {
		return 0, false
	}
	tag = strings.TrimPrefix(tag, "pg")
	end := strings.IndexFunc(tag, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(tag)
	}
	version, _ := strconv.Atoi(tag[:end])
	return version, true
}

// mountOver is the mount that holds a path: the deepest one over it.
func mountOver(s *Service, file string) (types.ServiceVolumeConfig, bool) {
	var best types.ServiceVolumeConfig
	found := false
	for _, v := range s.Volumes {
		if isWithin(v.Target, file) && len(v.Target) >= len(best.Target) {
			best, found = v, true
		}
	}
	for _, entry := range s.Tmpfs {
		target, _, _ := strings.Cut(entry, ":")
		if isWithin(target, file) && len(target) >= len(best.Target) {
			best, found = types.ServiceVolumeConfig{Type: types.VolumeTypeTmpfs, Target: target}, true
		}
	}
	return best, found
}

func isMounted(s *Service, target string) bool {
	for _, v := range s.Volumes {
		if v.Target == target {
			return true
		}
	}
	return false
}
