package compose

import (
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

const demanding = `services:
  a:
    image: x
    annotations: {k: v}
    networks:
      first: {priority: 9, gw_priority: 1, mac_address: "02:42:ac:11:00:01"}
      second: {interface_name: eth9, mac_address: "02:42:ac:11:00:02"}
    volumes:
      - /plain
      - {type: volume, source: data, target: /part, volume: {subpath: p}}
      - {type: image, source: y, target: /image}
      - {type: bind, source: ., target: /deep, read_only: true, bind: {recursive: readonly}}
networks:
  first: {}
  second: {enable_ipv4: false}
volumes: {data: {}}
`

func TestWhatAnEngineIsTooOldForIsNamedWithItsPlace(t *testing.T) {
	p := mustLoad(t, demanding)
	if err := p.TooNew("1.51"); err != nil {
		t.Errorf("a new engine: %v", err)
	}
	all := []string{
		"compose.yaml:4:5: services.a.annotations: needs an engine with API 1.43; this one speaks 1.41; remove it",
		"compose.yaml:6:28: services.a.networks.first.gw_priority: needs an engine with API 1.48",
		"compose.yaml:7:16: services.a.networks.second.interface_name: needs an engine with API 1.49",
		"compose.yaml:7:38: services.a.networks.second.mac_address: needs an engine with API 1.44",
		"compose.yaml:10:62: services.a.volumes[1].volume.subpath: needs an engine with API 1.45",
		"compose.yaml:11:10: services.a.volumes[2].type: needs an engine with API 1.48",
		"compose.yaml:12:72: services.a.volumes[3].bind.recursive: needs an engine with API 1.44",
		"compose.yaml:15:12: networks.second.enable_ipv4: needs an engine with API 1.48",
	}
	for api, want := range map[string][]string{"1.41": all, "1.48": all[2:3], "1.9": all} {
		err := p.TooNew(api)
		if fault.ClassOf(err) != fault.Config {
			t.Fatalf("%s: class %v, %v", api, fault.ClassOf(err), err)
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(want) {
			t.Errorf("%s: %d problems, want %d:\n%v", api, len(lines), len(want), err)
		}
		for i, line := range lines {
			if i < len(want) && !strings.HasPrefix(line, strings.ReplaceAll(want[i], "speaks 1.41", "speaks "+api)) {
				t.Errorf("%s: %s\nwant %s", api, line, want[i])
			}
		}
	}
}

func TestACycleIsCalledOneAndSaysByWhichKeysItComesAbout(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"depends_on":   {"services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [c]}, c: {image: x, depends_on: [a]}}", "a → b → c → a; it is a cycle: remove one of these dependencies (depends_on of a, depends_on of b, depends_on of c)"},
		"network_mode": {"services: {a: {image: x, network_mode: 'service:b'}, b: {image: x, depends_on: [a]}}", "services.a.network_mode: services wait for each other: a → b → a; it is a cycle: remove one of these dependencies (network_mode of a, depends_on of b)"},
		"volumes_from": {"services: {a: {image: x, volumes_from: ['b:ro']}, b: {image: x, links: ['a:alias']}}", "(volumes_from of a, links of b)"},
		"ipc":          {"services: {a: {image: x, ipc: 'service:b'}, b: {image: x, pid: 'service:a'}}", "(ipc of a, pid of b)"},
		"itself":       {"services: {a: {image: x, depends_on: [a]}}", "a → a; it is a cycle"},
	} {
		_, err := loadText(t, c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
