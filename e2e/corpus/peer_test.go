//go:build peer

package corpus

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"
)

var extra = flag.String("corpus", "", "a directory of more compose files")

// TestThePeerReadsTheSameOfEveryFile compares config with docker compose's, the
// program that COMPOSE_BIN names.
func TestThePeerReadsTheSameOfEveryFile(t *testing.T) {
	program := os.Getenv("COMPOSE_BIN")
	if program == "" {
		t.Fatal("COMPOSE_BIN names no docker compose program")
	}
	stackctl := filepath.Join(t.TempDir(), "stackctl")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", stackctl, "../../cmd/stackctl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cases := all(t, *extra)
	results := make([]Result, len(cases))
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	for i, c := range cases {
		group.Go(func() error {
			results[i] = Peer{stackctl, program}.Compare(ctx, c, Differences())
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + Table(results))
	for _, r := range results {
		if r.Outcome > Expected || testing.Verbose() && r.Outcome > RefusedByBoth && r.Outcome != Expected {
			t.Logf("%s: %s\n%s", r.Outcome, r.Name, join(r.Detail))
		}
	}
	weights, err := Peer{stackctl, program}.Weigh(t.Context(), Largest(results, 10), 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + WeightTable(weights))
	if wall, processor := Sum(weights).Ratio(); wall >= 1 || processor >= 1 {
		t.Errorf("config takes %.2f of docker compose's wall time and %.2f of its processor time", wall, processor)
	}
	for _, r := range Failures(results) {
		t.Errorf("%s: %s", r.Name, r.Outcome)
	}
}
