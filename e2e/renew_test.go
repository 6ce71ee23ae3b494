package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

const renewed = `
services:
  web:
    image: CHECKEDIMAGE
    command: [serve, id=/anonymous/id]
    volumes: [/anonymous]
    networks: [net]
  store:
    image: CHECKEDIMAGE
    command: [serve, id=/data/id]
    volumes: ["data:/data"]
    environment: {API_TOKEN: first-secret-value, A: "1", B: "1", C: "1", D: "1", E: "1"}
networks: {net: {driver_opts: {com.docker.network.driver.mtu: "1400"}}}
volumes: {data: {labels: {generation: one}}}
`

// wordOf is what a service wrote when it found nothing.
func (s *stack) wordOf(service, file string) string {
	s.t.Helper()
	found, err := s.fileIn(service, file)
	must(s.t, err)
	content, _ := found.(map[string]any)["content"].(string) //nolint:errcheck // "" is no word
	return content
}

func TestAChangedNetworkOrVolumeIsRefusedWithItsFieldAndMadeAnewWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newStack(t, renewed)
	s.expect(0, nil, "up")
	anonymous, data, before := s.wordOf("web", "/anonymous/id"), s.wordOf("store", "/data/id"), containersOf(t, s.name)

	s.write("docker-compose.yml", strings.ReplaceAll(renewed, "1400", "1450"))
	s.expect(10, []string{`mtu "1400" → "1450"`, "--recreate-networks"}, "up")
	s.expect(2, nil, "up", "--recreate-networks", "--rollback")
	s.expect(0, []string{"remove network", `mtu "1400" → "1450"`}, "plan", "--recreate-networks")
	s.expect(0, []string{"proven: 2 services"}, "up", "--recreate-networks")
	now := containersOf(t, s.name)
	if now["store"].ID != before["store"].ID || now["web"].ID == before["web"].ID || s.wordOf("web", "/anonymous/id") != anonymous {
		t.Error("another container than the one in the network was replaced, or its anonymous volume was lost")
	}

	s.write("docker-compose.yml", strings.NewReplacer("1400", "1450", "generation: one", "generation: two").Replace(renewed))
	s.expect(10, []string{`labels.generation "one" → "two"`, "--recreate-volumes"}, "up")
	if s.wordOf("store", "/data/id") != data {
		t.Error("the data was touched without a wish")
	}
	s.expect(0, []string{"proven: 2 services"}, "up", "--recreate-volumes")
	if s.wordOf("store", "/data/id") == data {
		t.Error("the volume was not made anew")
	}
	s.expect(0, []string{"no changes"}, "plan", "--exit-code")
}

func TestAPlanNamesEveryFieldThatChangedAndNoSecret(t *testing.T) {
	t.Parallel()
	s := newStack(t, renewed)
	s.expect(0, nil, "up")
	s.write("docker-compose.yml", strings.NewReplacer(`"1"`, `"2"`, "first-secret-value", "second-secret-value").Replace(renewed))
	text := s.expect(0, []string{`environment.API_TOKEN "sha256:`, `environment.A "1" → "2"`, `environment.E "1" → "2"`}, "plan").stdout
	var document struct {
		Actions []struct {
			Kind    string
			Changes []struct{ Field, Old, New string }
		}
	}
	said := s.expect(0, nil, "plan", "-o", "json").stdout
	must(t, json.Unmarshal([]byte(said), &document))
	fields := map[string]string{}
	for _, a := range document.Actions {
		for _, c := range a.Changes {
			fields[c.Field] = c.Old + c.New
		}
	}
	if len(fields) != 6 || fields["environment.C"] != "12" || strings.Contains(said+text, "-secret-value") {
		t.Errorf("fields %v\n%s\n%s", fields, text, said)
	}
}
