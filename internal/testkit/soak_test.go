package testkit

import (
	"strings"
	"testing"
	"time"
)

func TestEachHalfOfASoakReplacesItsOwnRow(t *testing.T) {
	scripted := Soak{Engine: "scripted (all)", Runs: 10, Proven: 6, Failed: 4, Took: 90 * time.Second}
	real := Soak{Engine: "Docker Engine 20.10", Runs: 5, Proven: 5, Took: time.Minute}
	page := real.page(scripted.page("", "2026-01-01"), "2026-01-02")
	scripted.Runs = 20
	page = scripted.page(page, "2026-01-03")
	_, rows, _ := strings.Cut(page, "|---|---|---|---|---|---|---|---|---|\n")
	want := "| scripted (all) | 2026-01-03 | 20 | 6 | 4 | 0 | 0 | 0 | 1m30s |\n| Docker Engine 20.10 | 2026-01-02 | 5 | 5 | 0 | 0 | 0 | 0 | 1m0s |\n"
	if rows != want {
		t.Errorf("the rows are\n%swant\n%s", rows, want)
	}
}
