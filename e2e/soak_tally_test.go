package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tally is what a soak counts.
type tally struct {
	// made and healed are the faults by kind; missed are those that found
	// nothing to hurt.
	made, healed map[string]int
	missed       int
	volumes      int
	// sizes are measured each minute, the last time at measured.
	sizes    []size
	measured time.Time
}

// size is how large the operator is at one moment.
type size struct {
	at                      time.Duration
	goroutines, descriptors int
	// resident and heap are in bytes.
	resident, heap float64
}

// thirds is how many sizes it takes for thirds of them to be compared.
const thirds = 12

func newTally() tally { return tally{made: map[string]int{}, healed: map[string]int{}} }

// measure notes how large the operator is now.
func (s *soak) measure() {
	s.t.Helper()
	s.measured = time.Now()
	s.sizes = append(s.sizes, size{
		at: time.Since(s.begin), goroutines: int(s.figure("go_goroutines")), descriptors: s.open(),
		resident: s.figure("process_resident_memory_bytes"), heap: s.figure("go_memstats_heap_inuse_bytes"),
	})
}

// third are the sizes of a third of the time, from 0 to 2. The first two minutes
// do not count: what is made once is made then. A soak that is too short for
// thirds has a beginning and an end.
func (s *soak) third(n int) []size {
	if last := len(s.sizes) - 1; last+1 < thirds {
		return s.sizes[n*last/2:][:1]
	}
	kept := slices.DeleteFunc(slices.Clone(s.sizes), func(one size) bool { return one.at < 2*time.Minute })
	return kept[n*len(kept)/3 : (n+1)*len(kept)/3]
}

// median is the middle of what is measured.
func median[T any](list []T, of func(T) float64) float64 {
	values := make([]float64, 0, len(list))
	for _, one := range list {
		values = append(values, of(one))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// dimensions are what must not grow, each with what one soak may differ from
// another: work that is under way while it is measured.
var dimensions = []struct {
	name, unit string
	slack      float64
	of         func(size) float64
}{
	{"goroutines", "", 15, func(s size) float64 { return float64(s.goroutines) }},
	{"descriptors", "", 10, func(s size) float64 { return float64(s.descriptors) }},
	{"resident memory", " MB", 12, func(s size) float64 { return s.resident / 1e6 }},
	{"heap in use", " MB", 6, func(s size) float64 { return s.heap / 1e6 }},
}

// grown compares the last third with the first, but for the memory of a soak that
// is too short for thirds.
func (s *soak) grown() {
	s.t.Helper()
	long := len(s.sizes) >= thirds
	for _, d := range dimensions {
		before, after := median(s.third(0), d.of), median(s.third(2), d.of)
		if (long || d.unit == "") && after > before+d.slack {
			s.t.Errorf("%s grew from %.0f%s to %.0f%s", d.name, before, d.unit, after, d.unit)
		}
	}
}

// healTimes are how long services were not well, in seconds, as the operator
// said, in ascending order.
func (s *soak) healTimes() []float64 {
	var out []float64
	for line := range strings.Lines(s.log.String()) {
		if m := tookPattern.FindStringSubmatch(line); m != nil && strings.Contains(line, "healed") {
			ms, err := strconv.ParseFloat(m[1], 64)
			must(s.t, err)
			out = append(out, ms/1000)
		}
	}
	slices.Sort(out)
	return out
}

var tookPattern = regexp.MustCompile(`took_ms=(\d+)`)

// page is the soak's result for docs.
func (s *soak) page() string {
	var version struct{ Version string }
	must(s.t, call(context.Background(), http.MethodGet, "/version", nil, &version))
	var b strings.Builder
	faults := 0
	for _, n := range s.made {
		faults += n
	}
	fmt.Fprintf(&b, "# The operator's soak\n\nWritten by `make soak-operator`; not to be edited.\n\n")
	fmt.Fprintf(&b, "%s, Engine %s, %d cores, load %s.\n\n", s.begin.UTC().Format("2006-01-02 15:04 UTC"),
		version.Version, runtime.NumCPU(), load())
	fmt.Fprintf(&b, "For %s, every %s a fault of a random kind hit one of five services, whether the one before was\n"+
		"healed or not. A sixth service cannot live; it was given up, once, and was shown so at the end.\n\n",
		soakFor(s.t), faultEvery)
	b.WriteString("| fault | made | healed |\n|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(s.made)) {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", kind, s.made[kind], s.healed[kind])
	}
	fmt.Fprintf(&b, "| together | %d | %d |\n\n", faults, sum(s.healed))
	fmt.Fprintf(&b, "%d more found their container down with an earlier one. No container, network or volume was left over.\n\n", s.missed)
	if times := s.healTimes(); len(times) > 0 {
		fmt.Fprintf(&b, "A service was not well for %.1f s (median), %.1f s (19 of 20), %.1f s (longest), of %d times; a pause\n"+
			"is let be for ten seconds of it, and faults that follow each other make one.\n\n",
			times[len(times)/2], times[len(times)*19/20], times[len(times)-1], len(times))
	}
	b.WriteString("| median of | first third | last third |\n|---|---|---|\n")
	for _, d := range dimensions {
		fmt.Fprintf(&b, "| %s | %.0f%s | %.0f%s |\n", d.name, median(s.third(0), d.of), d.unit, median(s.third(2), d.of), d.unit)
	}
	return b.String()
}

func sum(of map[string]int) int {
	n := 0
	for _, one := range of {
		n += one
	}
	return n
}

// load is the machine's load now, over one, five and fifteen minutes.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], ", ")
}
