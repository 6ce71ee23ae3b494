package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheSupportPageIsCurrent(t *testing.T) {
	file := filepath.Join("..", "docs", "compose-support.md")
	want := supportPage(Support())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the support table says; run go generate ./compose", file)
	}
}

const supportIntro = `# What becomes of every key of a compose file

Generated from the support table in ` + "`compose/support*.go`" + ` by ` + "`go generate ./compose`" + `; a test keeps both in step with
each other and with every key that the Compose Specification has.

- **supported**: takes effect. "Passed on" means: given to the engine as it is.
- **ignored**: has no effect on one engine; the reason stands beside it. A key whose meaning is lost is a warning.
- **refused**: an error of class configuration (exit code 3) that names the file, the line, the key and the remedy.

A key below an ignored or refused one shares its fate. ` + "`x-`" + ` keys are the author's own; ` + "`x-stackctl`" + ` is described in
[cli.md](cli.md). The engine API is 1.41 (Engine 20.10) or later where no other is named. What stands in a service whose
profile is not active is not judged.

Beyond single keys: a secret, config or required env_file that is missing is an error. An unset variable without a default is a
warning, and an error where a blank changes what the entry is; a bind source that is missing is made as a directory, or refused by
` + "`up`" + ` where it looks like a file ([cli.md](cli.md)).
`

func supportPage(table []Attribute) string {
	var b strings.Builder
	b.WriteString(supportIntro)
	counts := map[Status]int{}
	slices.SortStableFunc(table, func(a, b Attribute) int { return strings.Compare(sectionOf(a.Key), sectionOf(b.Key)) })
	section := ""
	for _, row := range table {
		if at := sectionOf(row.Key); at != section {
			section = at
			fmt.Fprintf(&b, "\n## %s\n\n| key | | API | how, or why not |\n|---|---|---|---|\n", section)
		}
		counts[row.Status]++
		note := row.Note
		if row.Remedy != "" {
			note += ". Instead: " + row.Remedy
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.Key, row.Status, row.API, strings.ReplaceAll(note, "|", `\|`))
	}
	fmt.Fprintf(&b, "\n%d keys: %d supported, %d ignored, %d refused.\n", len(table), counts[Supported], counts[Ignored], counts[Refused])
	return b.String()
}

// sectionOf groups the rows: one section for each long part of a service.
func sectionOf(key string) string {
	parts := strings.Split(strings.ReplaceAll(key, "[]", ""), ".")
	if parts[0] != "services" {
		return "Top level"
	}
	if len(parts) < 3 {
		return "Services"
	}
	switch parts[2] {
	case "build", "deploy", "volumes", "networks", "healthcheck", "blkio_config":
		return "Services: " + parts[2]
	}
	return "Services"
}
