package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

const workshop = `name: shop
services:
  web: {image: shop/web, build: {context: .}}
  api: {build: {context: ., additional_contexts: {web: "service:web"}}}
  db: {image: shop/db}
`

func TestBuildSaysWhatWasBuiltAndWhetherItIsNew(t *testing.T) {
	p := newProgram(t, workshop)
	var services []string
	p.ops.build = func(_ context.Context, _ orchestrator.FullEngine, project *compose.Project, names []string, o orchestrator.Options) ([]orchestrator.Provision, error) {
		services, p.got, p.project = names, o, project
		return []orchestrator.Provision{
			{Ref: "shop-api", Services: []string{"api"}, Action: images.Build, After: "sha256:0123456789abcdef"},
			{Ref: "shop/web", Services: []string{"web"}, Action: images.Build, Before: "sha256:fe", After: "sha256:fe"},
		}, nil
	}
	p.expect(t, 0, "build --no-cache --pull api")
	if !slices.Equal(services, []string{"api"}) || !slices.Equal(p.project.ServiceNames(), []string{"api", "web"}) {
		t.Errorf("it builds %v of %v", services, p.project.ServiceNames())
	}
	if !p.got.Images.NoCache || p.got.Images.Pull != images.PullAlways {
		t.Errorf("got %+v", p.got.Images)
	}
	want := "IMAGE     RESULT            ID            SERVICES\n" +
		"shop-api  built             0123456789ab  api\n" +
		"shop/web  built, as before  fe            web\n"
	if got := p.out.String(); got != want {
		t.Errorf("got\n%s", got)
	}
	p.expect(t, 0, "build -q")
	if p.out.String() != want || p.err.String() != "" {
		t.Errorf("quiet says %q %q", p.out.String(), p.err.String())
	}
	p.expect(t, 0, "build db")
	if !strings.Contains(p.out.String(), "nothing to build") {
		t.Errorf("got %q", p.out.String())
	}
}

func TestPullLeavesOutWhatHasNoImageFromElsewhere(t *testing.T) {
	p := newProgram(t, workshop)
	var services []string
	p.ops.pull = func(_ context.Context, _ orchestrator.FullEngine, _ *compose.Project, names []string, o orchestrator.Options) ([]orchestrator.Provision, error) {
		services, p.got = names, o
		return []orchestrator.Provision{{Ref: "shop/web", Services: []string{"web"}, Action: images.Pull, Err: errors.New("shop/web is not to be had")}}, nil
	}
	p.expect(t, 0, "pull --policy missing", "warning: shop/web is not to be had")
	if !slices.Equal(services, []string{"db", "web"}) || p.got.Images.Pull != images.PullMissing {
		t.Errorf("it pulls %v with %+v", services, p.got.Images)
	}
	if !strings.Contains(p.out.String(), "not pulled") {
		t.Errorf("got %q", p.out.String())
	}
	p.expect(t, 0, "pull --ignore-buildable")
	if !slices.Equal(services, []string{"db"}) || p.got.Images.Pull != images.PullDefault {
		t.Errorf("it pulls %v with %+v", services, p.got.Images)
	}
	services = nil
	p.expect(t, 0, "pull api")
	if services != nil || !strings.Contains(p.out.String(), "nothing to pull") {
		t.Errorf("it pulls %v: %q", services, p.out.String())
	}
	p.ops.pull = func(context.Context, orchestrator.FullEngine, *compose.Project, []string, orchestrator.Options) ([]orchestrator.Provision, error) {
		return nil, fault.New(fault.Image, "pull image shop/db: no route")
	}
	p.expect(t, 5, "pull", "no route")
}
