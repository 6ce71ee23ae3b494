package orchestrator

import (
	"maps"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/internal/fault"
)

const renewable = `
services:
  db:
    image: web
    healthcheck: {test: [CMD, check]}
    volumes: ["data:/d", /anonymous]
networks: {default: {driver_opts: {mtu: "1400"}}}
volumes: {data: {driver_opts: {o: "user=a,password=first-secret"}}}
`

// renewed is the stack as it runs, from the file with the replacements made.
func renewed(t *testing.T, replacements ...string) (running Observed, now string) {
	t.Helper()
	p := load(t, renewable)
	o := upOf(p)
	o.Networks[0].Labels[LabelFields] = encodeFields(p.NetworkFields("default"))
	o.Networks[0].Users = []string{o.Containers[0].ID}
	o.Volumes[0].Labels[LabelFields] = encodeFields(p.VolumeFields("data"))
	o.Containers[0].Mounts = []Mount{
		{Type: "volume", Name: o.Volumes[0].Name, Destination: "/d"},
		{Type: "volume", Name: strings.Repeat("a", 64), Destination: "/anonymous"},
	}
	return o, strings.NewReplacer(replacements...).Replace(renewable)
}

// movedTo makes what was observed of one directory that of another project.
func (o Observed) movedTo(owner, dir string) Observed {
	move := func(labels map[string]string) map[string]string {
		labels = maps.Clone(labels)
		labels[LabelOwner], labels[LabelWorkingDir] = owner, dir
		return labels
	}
	for i := range o.Containers {
		o.Containers[i].Labels = move(o.Containers[i].Labels)
	}
	for i := range o.Networks {
		o.Networks[i].Labels = move(o.Networks[i].Labels)
	}
	for i := range o.Volumes {
		o.Volumes[i].Labels = move(o.Volumes[i].Labels)
	}
	return o
}

func TestAChangedNetworkIsMadeAnewWhereThatIsAskedFor(t *testing.T) {
	o, now := renewed(t, "1400", "1500")
	p := load(t, now)
	in := input(p, o.movedTo(p.ID(), p.Dir))
	in.Options.RecreateNetworks = true
	wantPlan(t, in, `
		stop           p-db-1  (recreate, its network p_default is made anew)
		remove network p_default  (recreate, its definition in the file changed (driver_opts.mtu "1400" → "1500"))  after stop/p-db-1
		create network p_default  (recreate, its definition in the file changed (driver_opts.mtu "1400" → "1500"))  after renew/p_default/remove network
		create         p-db-1.stackctl-next  (recreate, its network p_default is made anew)  after network/default
		remove         p-db-1  (recreate, its network p_default is made anew)  after create/p-db-1.stackctl-next
		rename         p-db-1  (takes the place)  after remove/p-db-1
		start          p-db-1  (recreate, its network p_default is made anew)  after rename/p-db-1
	`)
}

func TestAChangedVolumeIsMadeAnewWhereThatIsAskedForAndAnonymousOnesStay(t *testing.T) {
	o, now := renewed(t, "first-secret", "second-secret")
	p := load(t, now)
	in := input(p, o.movedTo(p.ID(), p.Dir))
	in.Options.RecreateVolumes = true
	plan := planOf(t, in)
	var kinds []string
	for _, a := range plan.Actions {
		kinds = append(kinds, string(a.Kind))
		if strings.Contains(a.Cause, "secret") || a.anonymous {
			t.Errorf("shows a secret, or takes the anonymous volume along: %s", a)
		}
		if a.Kind == CreateContainer && a.container.Inherit["/anonymous"] != strings.Repeat("a", 64) {
			t.Errorf("the anonymous volume is lost: %v", a.container.Inherit)
		}
	}
	if got := strings.Join(kinds, ", "); got != "stop, remove, remove volume, create volume, create, start" {
		t.Errorf("%s\n%s", got, plan)
	}
}

func TestWhatOthersUseIsNotMadeAnew(t *testing.T) {
	for what, change := range map[string]func(o *Observed){
		"network p_default": func(o *Observed) { o.Networks[0].Users = append(o.Networks[0].Users, "id-stranger") },
		"volume p_data": func(o *Observed) {
			other := replicaLike(o.Containers[0], "gone")
			o.Containers = append(o.Containers, other)
		},
	} {
		o, now := renewed(t, "1400", "1500", "first-secret", "second-secret")
		p := load(t, now)
		o = o.movedTo(p.ID(), p.Dir)
		change(&o)
		in := input(p, o)
		in.Options.RecreateNetworks, in.Options.RecreateVolumes = true, true
		if _, err := MakePlan(in); fault.ClassOf(err) != fault.Conflict || !strings.Contains(err.Error(), what+" cannot be made anew") {
			t.Errorf("%s: %v", what, err)
		}
		in.Options.RemoveOrphans = true
		if _, err := MakePlan(in); (err == nil) != (what == "volume p_data") {
			t.Errorf("%s, with orphans removed: %v", what, err)
		}
	}
}

func TestAChangedDefinitionSaysWhichFieldAndNoSecret(t *testing.T) {
	o, now := renewed(t, "1400", "1500", "first-secret", "second-secret")
	p := load(t, now)
	_, err := MakePlan(input(p, o.movedTo(p.ID(), p.Dir)))
	said := err.Error() + hints(err)
	for _, want := range []string{`driver_opts.mtu "1400" → "1500"`, `driver_opts.o "sha256:`, "--recreate-networks", "--recreate-volumes"} {
		if !strings.Contains(said, want) {
			t.Errorf("does not say %s: %s", want, said)
		}
	}
	if strings.Contains(said, "-secret") {
		t.Errorf("shows a secret: %s", said)
	}
}

func TestANetworkOfDockerComposeIsHandedOver(t *testing.T) {
	p := load(t, renewable)
	o := upOf(p)
	o.Containers = nil
	delete(o.Networks[0].Labels, LabelOwner)
	_, err := MakePlan(input(p, o))
	if said := err.Error() + hints(err); !strings.Contains(said, "network p_default was made by another tool") || !strings.Contains(said, "docker compose -p p down") {
		t.Error(said)
	}
}
