package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const truthPage = "../docs/truth-table.md"

func TestThePageOfTruthHasEveryScenario(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(truthPage)
	must(t, err)
	var listed []string
	_, table, _ := strings.Cut(string(page), "| scenario |")
	for line := range strings.Lines(table) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.HasPrefix(line, "| ") && !strings.HasPrefix(name, "is it up") {
			listed = append(listed, name)
		}
	}
	var want []string
	for _, x := range scenarios() {
		want = append(want, x.name)
	}
	if got, want := strings.Join(listed, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("%s is not about the scenarios that there are: make test-peer ARGS=-update writes it anew.\nlisted:\n%s\nwanted:\n%s", truthPage, got, want)
	}
	if !strings.Contains(string(page), fmt.Sprintf("| stackctl | %d | 0 | 0 |", len(want))) {
		t.Errorf("%s does not say that stackctl told the truth about all %d", truthPage, len(want))
	}
}
