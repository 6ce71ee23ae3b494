package orchestrator

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
)

// stranger is a container that has nothing to do with any project.
func strangerCalled(name string) Container {
	return Container{ID: "id-stranger", Name: name, State: StateRunning}
}

func TestPlansThatAreRefused(t *testing.T) {
	data := strings.Replace(oneService, "healthcheck:", "volumes: [data:/d]\n    healthcheck:", 1) + "volumes: {data: {}}\n"
	for _, c := range []struct {
		name     string
		is       string
		happened func(o *Observed)
		class    fault.Class
		want     []string // what the error and its hint say
	}{
		{name: "a foreign container has the name", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) { o.Containers = []Container{strangerCalled("p-web-1")} },
			want:     []string{"service web", "p-web-1", "not ours", "docker rename p-web-1"}},
		{name: "another project's container has the name", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) {
				c := strangerCalled("p-web-1")
				c.Labels = map[string]string{LabelProject: "other", LabelOwner: "0"}
				o.Containers = []Container{c}
			}, want: []string{"p-web-1", "not ours"}},
		{name: "docker compose made the stack", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) {
				delete(o.Containers[0].Labels, LabelOwner)
			}, want: []string{"made by another tool", "docker compose -p p down"}},
		{name: "another directory has the project", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) {
				o.Containers[0].Labels[LabelOwner], o.Containers[0].Labels[LabelWorkingDir] = "other", "/elsewhere"
			}, want: []string{"belongs to another directory, /elsewhere", "-p p-2", "stackctl --adopt up"}},
		{name: "a foreign network has the name", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) { o.Networks[0].Labels = nil }, want: []string{"network p_default exists and is not ours"}},
		{name: "two networks have the name", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) { o.Networks = append(o.Networks, o.Networks[0]) }, want: []string{"2 networks are called p_default"}},
		{name: "a network's definition changed", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) { o.Networks[0].Labels[LabelHash] = "old" }, want: []string{"network p_default", "definition", "stackctl -p p down"}},
		{name: "an external network is missing", is: oneService + "    networks: [ext]\nnetworks: {ext: {external: true}}\n", class: fault.Resource,
			happened: func(o *Observed) { o.Networks = nil }, want: []string{"network ext is external and does not exist", "docker network create ext"}},
		{name: "two networks want the same addresses", class: fault.Config,
			is:       oneService + "    networks: [a, b]\nnetworks: {a: {ipam: {config: [{subnet: 10.1.2.0/24}]}}, b: {ipam: {config: [{subnet: 10.1.2.128/25}]}}}\n",
			happened: func(o *Observed) { *o = Observed{} }, want: []string{"network p_b: its subnet 10.1.2.128/25 overlaps 10.1.2.0/24 of network p_a", "another subnet"}},
		{name: "a foreign volume has the name", is: data, class: fault.Conflict,
			happened: func(o *Observed) { o.Volumes[0].Labels = nil }, want: []string{"volume p_data exists and is not ours"}},
		{name: "a volume's definition changed", is: data, class: fault.Conflict,
			happened: func(o *Observed) { o.Volumes[0].Labels[LabelHash] = "old" }, want: []string{"volume p_data", "docker volume rm p_data"}},
		{name: "an external volume is missing", is: strings.Replace(data, "data: {}", "data: {external: true}", 1), class: fault.Resource,
			happened: func(o *Observed) { o.Volumes = nil }, want: []string{"volume data is external", "docker volume create data"}},
		{name: "a foreign container holds the port", is: withPort, class: fault.Resource,
			happened: func(o *Observed) {
				*o = Observed{Holders: []PortHolder{{Port: Port{HostIP: "0.0.0.0", Host: 8080, Proto: "tcp"}, ContainerID: "x", Container: "proxy", Project: "edge"}}}
			}, want: []string{"service old: port 8080 on the host is taken by container proxy (project edge)", "docker stop proxy"}},
		{name: "an orphan that stays holds the port", is: withPort, class: fault.Resource,
			happened: func(o *Observed) {
				held(o)
				*o = without(*o, "p-old-1")
				orphan := replicaLike(o.Containers[0], "gone")
				o.Containers, o.Holders[0].ContainerID = append(o.Containers, orphan), orphan.ID
			}, want: []string{"port 8080"}},
		{name: "an orphan that stays has the name", is: oneService, class: fault.Conflict,
			happened: func(o *Observed) {
				orphan := replicaLike(o.Containers[0], "gone")
				orphan.Name = "p-web-1"
				o.Containers = []Container{orphan}
			}, want: []string{"the name p-web-1 is that of the container of service gone", "--remove-orphans"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, c.is)
			o := upOf(p)
			c.happened(&o)
			_, err := MakePlan(input(p, o))
			if err == nil {
				t.Fatal("the plan was made")
			}
			if got := fault.ClassOf(err); got != c.class {
				t.Errorf("the class is %s, want %s: %v", got, c.class, err)
			}
			said := err.Error() + "\n" + hints(err)
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("the error does not say %q:\n%s", want, said)
				}
			}
		})
	}
}

// hints are all hints of joined errors.
func hints(err error) string {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range many.Unwrap() {
			all = append(all, hints(e))
		}
		return strings.Join(all, "\n")
	}
	return fault.HintOf(err)
}

// replicaLike is a container of ours for another service.
func replicaLike(c Container, service string) Container {
	c.Labels = maps.Clone(c.Labels)
	c.ID, c.Name, c.Service = "id-"+service, "p-"+service+"-1", service
	c.Labels[LabelService] = service
	return c
}

func TestEveryProblemOfAPlanIsNamedAtOnce(t *testing.T) {
	p := load(t, "services: {a: {image: a, restart: always}, b: {image: b, restart: always}}")
	_, err := MakePlan(input(p, Observed{Containers: []Container{strangerCalled("p-a-1"), strangerCalled("p-b-1")}}))
	for _, want := range []string{"p-a-1 is taken", "p-b-1 is taken"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestWhatCouldNotBeProvenMayBeWaived(t *testing.T) {
	endless := "services: {web: {image: web, restart: always%s}}"
	for name, c := range map[string]struct {
		yaml    string
		options PlanOptions
		images  map[string]images.Image
		pending map[string]string
	}{
		"by the file":                        {yaml: fmt.Sprintf(endless, ", x-stackctl: {allow_unverified: true}")},
		"by the command line":                {yaml: fmt.Sprintf(endless, ""), options: PlanOptions{AllowUnverified: true}},
		"when nothing of it is to run":       {yaml: fmt.Sprintf(endless, ", scale: 0")},
		"when its image brings a check":      {yaml: fmt.Sprintf(endless, ""), images: map[string]images.Image{"web": {ID: "sha256:1", Check: &healthchecks.Check{Test: []string{"CMD", "ok"}}}}},
		"while its image is not there":       {yaml: fmt.Sprintf(endless, ""), images: map[string]images.Image{}, pending: map[string]string{"web": "will be built"}},
		"when it is a job by its setting":    {yaml: "services: {web: {image: web, x-stackctl: {job: true}}}"},
		"when a published port can be asked": {yaml: fmt.Sprintf(endless, `, ports: ["80"]`)},
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, c.yaml)
			in := input(p, Observed{})
			in.Options, in.Pending = c.options, c.pending
			if c.images != nil {
				in.Images = c.images
			}
			planOf(t, in)
		})
	}
}

func TestVolumesOfDockerComposeAreAdopted(t *testing.T) {
	p := load(t, fourLevels)
	plan := planOf(t, input(p, Observed{Volumes: []Volume{{Name: "p_data", Labels: map[string]string{LabelProject: "p"}}}}))
	if strings.Contains(plan.String(), "create volume") {
		t.Errorf("the volume is made anew:\n%s", plan)
	}
	if len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "p_data was made by docker compose and is adopted") {
		t.Errorf("the notes are %q", plan.Notes)
	}
}

func TestOrphansAreNamed(t *testing.T) {
	old := load(t, withPort)
	p, o := edited(t, old, oneService), upOf(old)
	plan := planOf(t, PlanInput{Project: p, Observed: o, Images: imagesOf(p), Options: PlanOptions{NoRecreate: true}})
	if len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], `orphan p-old-1: service "old"`) {
		t.Errorf("the notes are %q", plan.Notes)
	}
}

func TestAServiceOfAnInactiveProfileIsNoOrphan(t *testing.T) {
	old := load(t, withPort)
	p, o := edited(t, old, strings.Replace(withPort, "image: old", "image: old\n    profiles: [extra]", 1)), upOf(old)
	plan := planOf(t, PlanInput{Project: p, Observed: o, Images: imagesOf(p), Options: PlanOptions{NoRecreate: true, RemoveOrphans: true}})
	if len(plan.Notes) != 0 || strings.Contains(plan.String(), "p-old-1") {
		t.Errorf("notes %q, plan:\n%s", plan.Notes, plan)
	}
}

func TestAPortOfAContainerThatGoesIsFree(t *testing.T) {
	p := load(t, withPort)
	o := upOf(p)
	held(&o)
	in := input(p, o)
	in.Options.ForceRecreate = true
	planOf(t, in)
}

func TestTheFilesLabelsCannotReplaceOurs(t *testing.T) {
	p := load(t, `
services:
  web:
    image: web
    healthcheck: {test: [CMD, ok]}
    labels: {io.stackctl.project-id: evil, mine: kept}
    volumes: [data:/d]
networks: {default: {labels: {io.stackctl.project-id: evil, mine: kept}}}
volumes: {data: {labels: {io.stackctl.project-id: evil, mine: kept}}}
`)
	made := 0
	for _, a := range planOf(t, input(p, Observed{})).Actions {
		var labels map[string]string
		switch a.Kind {
		case CreateNetwork:
			labels = a.network.Labels
		case CreateVolume:
			labels = a.volume.Labels
		case CreateContainer:
			labels = a.container.Labels
		default:
			continue
		}
		made++
		if ownerOf(labels, p) != ownedByUs || labels["mine"] != "kept" {
			t.Errorf("%s has the labels %v", a, labels)
		}
	}
	if made != 3 {
		t.Errorf("%d objects are made, want 3", made)
	}
}
