package e2e

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stackctl/stackctl/e2e/corpus"
)

// What the table is about: the differences depend on both.
const (
	peerVersion = "2.40.3"
	peerEngine  = "28.5"
)

var update = flag.Bool("update", false, "rewrite docs/peer-differences.md")

// difference is one way in which what stackctl makes is not what docker
// compose makes of the same file. In the first three * stands for any text,
// and "" is a field that is not there.
type difference struct {
	// field is the path in what the engine's inspection says; "network" or
	// "volume" before it means one of those, else it is a container's.
	field             string
	compose, stackctl string
	reason            string
}

// differences are all that there are. The test with the tag peer fails for one
// that is not listed, and for one that is listed and no longer there.
var differences = []difference{
	{"Config.Healthcheck.StartInterval", "", "*",
		"where the file sets none, the first probes come sooner, so that nobody waits an interval for what is ready"},
	{"Config.Healthcheck.StartPeriod", "*", "*",
		"long enough for these probes; a failure is still judged by the file's own start_period, interval and retries"},
	{"HostConfig.Binds", "*", "",
		"a mount is asked for in the long form (HostConfig.Mounts): there the engine does not make a missing source"},
	{"HostConfig.Mounts[*]*", "", "*", "the same mount in the long form"},
	{"Mounts[*].Mode", "ro", "", "the long form has a field of its own for read-only; RW says the same of both"},
	{"Mounts[*].Mode", "r*", "z", "what the engine writes for a volume that names no mode; it matters with SELinux only"},
	{"Config.Labels[com.docker.compose.config-hash]", "*", "*", "a digest of the configuration, and each tool has its own way to make it"},
	{"Config.Labels[com.docker.compose.version]", peerVersion, "", "it was not docker compose that made it"},
	{"Config.Labels[io.stackctl.*]", "", "*", "whose it is and what it was made of: stackctl keeps no other record"},
	{"network Labels[com.docker.compose.config-hash]", "*", "", "stackctl's own label says it; docker compose takes its absence for unchanged"},
	{"network Labels[com.docker.compose.project.working_dir]", "", "*", "so that a stack of the same name in another directory can be named"},
	{"network Labels[com.docker.compose.version]", peerVersion, "", "as for containers"},
	{"network Labels[io.stackctl.*]", "", "*", "as for containers"},
	{"volume Labels[com.docker.compose.config-hash]", "*", "", "as for networks"},
	{"volume Labels[com.docker.compose.project.working_dir]", "", "*", "as for networks"},
	{"volume Labels[com.docker.compose.version]", peerVersion, "", "as for containers"},
	{"volume Labels[io.stackctl.*]", "", "*", "as for containers"},
}

const differencesPage = "../docs/peer-differences.md"

func TestThePageOfDifferencesIsTheTable(t *testing.T) {
	want := differencesText()
	if *update {
		must(t, os.WriteFile(differencesPage, []byte(want), 0o644))
	}
	got, err := os.ReadFile(differencesPage)
	must(t, err)
	if string(got) != want {
		t.Errorf("%s is not the table in peer_differences_test.go: run go test ./e2e -run PageOfDifferences -update", differencesPage)
	}
}

func differencesText() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# What differs from docker compose

The examples are brought up with docker compose %s and with stackctl, on Engine %s, and what the engine says about
their containers, networks and volumes is compared field by field. This table is all that differs; `+"`make test-peer`"+`
fails when there is anything else, or less. Generated from the table in `+"`e2e/peer_differences_test.go`"+`.

Not compared is what belongs to one run: IDs, addresses, times, states. The order of labels, environment, aliases and
dependencies says nothing, and a field that is empty is one that is not there. In the table `+"`*`"+` is any text, – nothing.

| field | docker compose | stackctl | why |
|---|---|---|---|
`, peerVersion, peerEngine)
	for _, d := range differences {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.field, cell(d.compose), cell(d.stackctl), d.reason)
	}
	b.WriteString(`
# What differs in config

` + "`stackctl config` and `docker compose config`" + ` are run on the examples, on compose-go's own test data and on files that
` + "`e2e/corpus`" + ` makes, and the models they print are compared as trees. A file that docker compose takes is refused for a
key that [the support table](compose-support.md) refuses, a blank image, port, path or name, or a missing file; beyond that
this table is all that differs. A directory of other files is compared with
` + "`make test-peer ARGS=\"-corpus /DIR\"`" + `. Generated from the table in ` + "`e2e/corpus/differences.go`" + `.

Empty fields, and the order of extra_hosts and ssh, say nothing and are not compared. The same run weighs config on the
ten largest models that both take, the largest a project of 60 services with anchors, extends and env files: both
programs by turns, five times, the least of each. It fails unless stackctl takes less than docker compose of both:
0.84 of its wall time and 0.77 of its processor time on two cores, with ` + "`make test-peer`" + `.

| field | docker compose | stackctl | why |
|---|---|---|---|
`)
	for _, d := range corpus.Differences() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Field, cell(d.Compose), cell(d.Stackctl), d.Reason)
	}
	return b.String()
}

func cell(text string) string {
	if text == "" {
		return "–"
	}
	return "`" + text + "`"
}
