package compose

import (
	"strings"
	"testing"
)

func TestAnEntryIsWhereTheLastFileGivesIt(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string
		want          string
	}{
		"a mount of the second":    {"volumes: [/tmp:/x]", "volumes:\n      - /tmp:/y\n      - ./gone:/gone", "over.yaml:5:9: services.a.volumes[2]"},
		"a mount of both":          {"volumes: [./gone:/x]", "volumes:\n      - /tmp:/y\n      - ./gone:/x", "over.yaml:5:9: services.a.volumes[0]"},
		"a mount of the first":     {"volumes:\n      - /tmp:/y\n      - ./gone:/x", "volumes: [/tmp:/z]", "compose.yaml:5:9: services.a.volumes[1]"},
		"a duplicate before it":    {"volumes: [/tmp:/x, /tmp:/x, ./gone:/y]", "command: x", "compose.yaml:3:33: services.a.volumes[1]"},
		"a port":                   {"ports: ['80']\n    scale: 2", "ports:\n      - 127.0.0.1:81:81", "over.yaml:4:9: services.a.ports[1]"},
		"a secret that is unknown": {"secrets: [s]", "secrets: [{source: none, target: t}]", "over.yaml:3:15: services.a.secrets[1]"},
		"an inherited mount":       {"extends: b\n    volumes: [/tmp:/y]\n    image: y\n  b:\n    volumes:\n      - /tmp:/x\n      - /nowhere/gone:/gone\n    profiles: [p]", "profiles: !reset []", "compose.yaml:9:9: services.a.volumes[1]"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := loadDir(t, map[string]string{
				"compose.yaml": "services:\n  a:\n    " + c.first + "\n    init: true\nsecrets: {s: {file: compose.yaml}}\n",
				"over.yaml":    "services:\n  a:\n    " + c.second + "\n    image: z\n",
			}, Options{Files: []string{"compose.yaml", "over.yaml"}})
			var said []string
			if err != nil {
				said = append(said, err.Error())
			} else {
				for _, b := range p.BindSources() {
					if strings.Contains(b.Source, "gone") {
						said = append(said, b.Place.String())
					}
				}
			}
			if !strings.Contains(strings.Join(said, "\n"), c.want) {
				t.Errorf("%v, want %s", said, c.want)
			}
		})
	}
}
