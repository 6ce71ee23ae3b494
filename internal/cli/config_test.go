package cli

import (
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

func TestTheShellIsOfferedTheServices(t *testing.T) {
	p := newProgram(t, shop)
	p.expect(t, 0, "__complete up w")
	if !strings.Contains(p.out.String(), "web") {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 0, "completion bash")
}
