package compose

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestAServiceThatOnlyUsesAnImageAsAClientRunsNoServer(t *testing.T) {
	for name, c := range map[string]struct {
		entrypoint, command []string
		want                bool
	}{
		"nothing said":          {nil, nil, true},
		"options only":          {nil, []string{"-c", "max_connections=20"}, true},
		"the server itself":     {nil, []string{"postgres", "-c", "x=y"}, true},
		"by its path":           {nil, []string{"/usr/bin/redis-server"}, true},
		"a configuration file":  {nil, []string{"/etc/redis.conf"}, true},
		"a client":              {nil, []string{"redis-cli", "monitor"}, false},
		"a shell":               {nil, []string{"sh", "-c", "psql"}, false},
		"an entrypoint of ones": {[]string{"/bin/bash", "-c"}, []string{"-x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Service{ServiceConfig: types.ServiceConfig{ContainerSpec: types.ContainerSpec{Entrypoint: c.entrypoint, Command: c.command}}}
			if got := s.RunsServer(); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
