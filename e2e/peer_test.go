//go:build peer

package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The tests of this file bring each example up twice, with docker compose and
// with stackctl, and compare what the engine says about the containers,
// networks and volumes. COMPOSE_BIN names the docker compose program, and
// DOCKER_HOST the engine.

// facts are the fields of a project's objects: "web-1 HostConfig.Init" → "true".
type facts map[string]string

func TestStackctlMakesTheContainersThatDockerComposeMakes(t *testing.T) {
	program := os.Getenv("COMPOSE_BIN")
	if program == "" {
		t.Fatal("COMPOSE_BIN names no docker compose program")
	}
	found := map[int]bool{}
	for _, x := range examples() {
		t.Run(x.dir, func(t *testing.T) {
			e := x.start(t)
			e.does("up")
			ours, states := e.facts(), e.states()
			e.does("down", "-v")
			nothingLeft(t, e.name)
			e.compose(program, "up", "-d")
			eventually(t, time.Minute, "docker compose's containers are in the same states", func() bool {
				return maps.Equal(states, e.states())
			})
			theirs := e.facts()
			e.compose(program, "down", "-v", "--rmi", "local", "--remove-orphans")
			judge(t, ours, theirs, found)
		})
	}
	if t.Failed() {
		return // what was not compared shows no difference either
	}
	for i, d := range differences {
		if !found[i] {
			t.Errorf("no example shows the difference in %s: take it out of the table", d.field)
		}
	}
}

// judge fails the test for each difference that the table does not have.
func judge(t *testing.T, ours, theirs facts, found map[int]bool) {
	t.Helper()
	all := maps.Clone(ours)
	maps.Copy(all, theirs)
	for _, fact := range slices.Sorted(maps.Keys(all)) {
		if ours[fact] == theirs[fact] {
			continue
		}
		_, field, _ := strings.Cut(fact, " ")
		i := slices.IndexFunc(differences, func(d difference) bool { return d.holds(field, theirs[fact], ours[fact]) })
		if i < 0 {
			t.Errorf("%s\n  docker compose %s\n  stackctl       %s", fact, theirs[fact], ours[fact])
			continue
		}
		found[i] = true
	}
}

// compose runs docker compose on the example.
func (e *running) compose(program string, args ...string) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.t.Context()), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, slices.Concat([]string{"-p", e.name}, e.flags, args)...)
	cmd.Dir = e.dir
	cmd.Env = append(os.Environ(), e.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		e.t.Fatalf("docker compose %v: %v\n%s", args, err, out)
	}
}

// states are the containers' states by name.
func (e *running) states() map[string]string {
	e.t.Helper()
	out := map[string]string{}
	for name, c := range e.all() {
		out[name] = c.State.Status
	}
	return out
}

// facts asks about every object of the project.
func (e *running) facts() facts {
	e.t.Helper()
	out, names := facts{}, e.names()
	for _, kind := range []string{"container", "network", "volume"} {
		for _, id := range ids(e.t, kind+"s", e.name) {
			object, err := e.object(kind+"s", url.PathEscape(id))
			must(e.t, err)
			fields := object.(map[string]any)
			name := strings.TrimLeft(fields["Name"].(string), "/")
			prefix := strings.TrimLeft(strings.TrimPrefix(name, e.name), "-_") + " "
			if kind != "container" {
				prefix += kind + " "
			}
			flattener{out, prefix, names}.collect("", fields)
		}
	}
	return out
}

// names replaces what has a name of its own in each run: the directory, and
// the containers' and the networks' IDs.
func (e *running) names() *strings.Replacer {
	e.t.Helper()
	pairs := []string{e.dir, "<directory>"}
	for name, c := range e.all() {
		pairs = append(pairs, c.ID, "<"+name+">", c.ID[:12], "<"+name+">")
	}
	for _, id := range ids(e.t, "networks", e.name) {
		pairs = append(pairs, id, "<network>")
	}
	return strings.NewReplacer(pairs...)
}

// volatile says that a field tells of one run, not of what was asked for.
var volatile = regexp.MustCompile(`^(State|GraphDriver|Storage|Containers|ExecIDs)(\.|$)|^(Id|Created|CreatedAt|RestartCount)$`)

// byChance are the fields whose value the engine picks; only whether there is
// one is compared.
var byChance = regexp.MustCompile(`^NetworkSettings\.(Networks\[.*\]\.)?` +
	`(SandboxID|SandboxKey|EndpointID|MacAddress|IPAddress|Gateway|NetworkID)$|^IPAM\.Config$`)

// anonymous is a volume that the engine has named, where mounts are listed.
var anonymous = regexp.MustCompile(`[0-9a-f]{64}`)

// flattener flattens an inspection into facts. What is empty counts as not
// there.
type flattener struct {
	out    facts
	prefix string
	names  *strings.Replacer
}

func (r flattener) collect(field string, value any) {
	if volatile.MatchString(field) {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			r.collect(entry(field, r.names.Replace(key)), inner)
		}
	case []any:
		r.list(field, v)
	case nil:
	case float64:
		r.note(field, strconv.FormatFloat(v, 'f', -1, 64))
	default:
		r.note(field, fmt.Sprint(v))
	}
}

// entry is the path of an entry; what is no word of the API stands in brackets.
func entry(field, key string) string {
	switch {
	case field == "":
		return key
	case regexp.MustCompile(`^[A-Z]\w*$`).MatchString(key):
		return field + "." + key
	default:
		return field + "[" + key + "]"
	}
}

func (r flattener) note(field, text string) {
	if strings.HasSuffix(field, ".depends_on]") {
		parts := strings.Split(text, ",")
		sort.Strings(parts)
		text = strings.Join(parts, ",")
	}
	switch text = r.names.Replace(text); {
	case text == "" || text == "0" || text == "false":
		return
	case byChance.MatchString(field):
		text = "<some>"
	case strings.HasPrefix(field, "Mounts["):
		text = anonymous.ReplaceAllString(text, "<anonymous>")
	}
	r.out[r.prefix+field] = text
}

// ordered are the lists whose order has a meaning.
var ordered = regexp.MustCompile(`(Cmd|Entrypoint|Args|Test)$`)

// list notes a list of mounts by their targets, any other as one value.
func (r flattener) list(field string, values []any) {
	var texts []string
	for _, v := range values {
		if target := targetOf(v); target != "" {
			r.collect(field+"["+target+"]", v)
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(err.Error())
		}
		texts = append(texts, r.names.Replace(string(text)))
	}
	if !ordered.MatchString(field) {
		sort.Strings(texts)
	}
	r.note(field, strings.Join(texts, " "))
}

func targetOf(value any) string {
	m, _ := value.(map[string]any)
	for _, key := range []string{"Destination", "Target"} {
		if target, ok := m[key].(string); ok {
			return target
		}
	}
	return ""
}

func TestThePeerIsTheOneThatTheTableIsAbout(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), cmp.Or(os.Getenv("COMPOSE_BIN"), "docker-compose"), "version", "--short").Output()
	must(t, err)
	if got := strings.TrimPrefix(strings.TrimSpace(string(out)), "v"); !strings.HasPrefix(got, peerVersion) {
		t.Errorf("COMPOSE_BIN is docker compose %s, the table is about %s", got, peerVersion)
	}
	var engine struct{ Version string }
	must(t, call(t.Context(), http.MethodGet, "/version", nil, &engine))
	if !strings.HasPrefix(engine.Version, peerEngine) {
		t.Errorf("the engine is %s, the table is about %s", engine.Version, peerEngine)
	}
}

func (d difference) holds(field, compose, stackctl string) bool {
	return glob(d.field, field) && glob(d.compose, compose) && glob(d.stackctl, stackctl)
}

func glob(pattern, text string) bool {
	return regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`).MatchString(text)
}
