package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// sample is what was measured of one thing, in the order of the rounds.
type sample []time.Duration

// median is the middle of the sample; 0 when there is none.
func (s sample) median() time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// String is the median with its range.
func (s sample) String() string {
	if len(s) == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", text(s.median()), text(slices.Min(s)), text(slices.Max(s)))
}

// text is a duration as a reader of a table wants it.
func text(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// table is what one case found.
type table struct {
	name, about string
	order       []string
	samples     map[string]sample
	ratios      []ratio
	facts       []string
}

// ratio compares two things that were measured.
type ratio struct{ of, to string }

func newTable(name, about string) *table {
	return &table{name: name, about: about, samples: map[string]sample{}}
}

// add takes one measurement.
func (t *table) add(what string, d time.Duration) {
	if _, ok := t.samples[what]; !ok {
		t.order = append(t.order, what)
	}
	t.samples[what] = append(t.samples[what], d)
}

// compare asks for a ratio of medians.
func (t *table) compare(of, to string) { t.ratios = append(t.ratios, ratio{of, to}) }

// note adds a sentence below the table.
func (t *table) note(format string, args ...any) {
	t.facts = append(t.facts, fmt.Sprintf(format, args...))
}

// String is the table in Markdown.
func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n| | median (range) |\n|---|---|\n", capital(t.name), t.about)
	for _, what := range t.order {
		fmt.Fprintf(&b, "| %s | %s |\n", what, t.samples[what])
	}
	for _, r := range t.ratios {
		of, to := t.samples[r.of].median(), t.samples[r.to].median()
		if of > 0 && to > 0 {
			fmt.Fprintf(&b, "| **%s ÷ %s** | **%.2f** |\n", r.of, r.to, of.Seconds()/to.Seconds())
		}
	}
	for i, fact := range t.facts {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(fact + "\n")
	}
	return b.String()
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
