package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestConfigPrintsNamesImagesAndDigests(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "config --services")
	p.expect(t, 0, "config --images")
	p.expect(t, 0, "config -q")
	if p.out.String() != "db\nweb\nshop/db\nshop/web\n" {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 0, "config --hash *")
	if !strings.Contains(p.out.String(), "\nweb ") {
		t.Errorf("got %q", p.out.String())
	}
}

func TestConfigKeepsNamesThatContainASecret(t *testing.T) {
	p := newProgram(t, `name: t
services:
  mountain-db:
    image: example/mountain-db:1
    environment: {POSTGRES_PASSWORD: mountain}
`)
	p.expect(t, 0, "config --services")
	p.expect(t, 0, "config --images")
	if got := p.out.String(); got != "mountain-db\nexample/mountain-db:1\n" {
		t.Errorf("got %q", got)
	}
	p.expect(t, 0, "config --format json")
	text := p.out.String()[strings.Index(p.out.String(), "{"):]
	var got struct {
		Services map[string]struct {
			Image       string            `json:"image"`
			Environment map[string]string `json:"environment"`
		} `json:"services"`
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if s := got.Services["mountain-db"]; s.Image != "example/mountain-db:1" || s.Environment["POSTGRES_PASSWORD"] != "[redacted]" {
		t.Errorf("it is %+v", got)
	}
	p.expect(t, 2, "config --format toml")
}

func TestTheShellIsOfferedTheServices(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "__complete up w")
	if !strings.Contains(p.out.String(), "web") {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 0, "completion bash")
}
