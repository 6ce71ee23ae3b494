package orchestrator

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stackctl/stackctl/compose"
)

// Limits are what a container may use, and what the engine does at its end: all
// that `docker update` changes in a container that exists.
type Limits struct {
	// NanoCPUs is in billionths of a processor, 0 for no limit. Quota and Period
	// are the older form of the same, in microseconds.
	NanoCPUs, CPUQuota, CPUPeriod int64
	// CPUShares is a relative weight, 0 for the engine's default.
	CPUShares int64
	// CPUSet and MemSet are lists of processors and memory nodes, "" for all.
	CPUSet, MemSet string
	// Memory, MemoryReservation and MemorySwap are in bytes; 0 is without limit.
	// MemorySwap counts memory and swap together, -1 is without limit.
	Memory, MemoryReservation, MemorySwap int64
	// Pids is a number of processes; 0 and -1 are without limit.
	Pids int64
	// BlkioWeight is a relative weight from 10 to 1000, 0 for the default.
	BlkioWeight uint16
	// Restart is "no", "always", "unless-stopped" or "on-failure", MaxRetries the
	// bound of the last, 0 for none.
	Restart    string
	MaxRetries int
}

// LimitSupport says which limits an engine keeps: it drops others when it makes a
// container, and says so in a warning. What it says of the rest is what was asked.
type LimitSupport struct {
	Memory, Swap, CPUQuota, CPUShares, CPUSet, Pids bool
}

// LimitsOf are the limits that the file asks for; deploy.resources goes before the
// older keys. A restart policy that cannot be read counts as none: loading the file
// reports it.
func LimitsOf(s *compose.Service) Limits {
	l := Limits{
		NanoCPUs: nanoCPUs(s.CPUS), CPUQuota: s.CPUQuota, CPUPeriod: s.CPUPeriod, CPUShares: s.CPUShares, CPUSet: s.CPUSet,
		Memory: int64(s.MemLimit), MemoryReservation: int64(s.MemReservation), MemorySwap: int64(s.MemSwapLimit), Pids: s.PidsLimit,
	}
	if s.BlkioConfig != nil {
		l.BlkioWeight = s.BlkioConfig.Weight
	}
	l.Restart, l.MaxRetries, _ = s.RestartPolicy()
	if s.Deploy == nil {
		return l
	}
	if limits := s.Deploy.Resources.Limits; limits != nil {
		if limits.MemoryBytes != 0 {
			l.Memory = int64(limits.MemoryBytes)
		}
		if limits.NanoCPUs != 0 {
			l.NanoCPUs = nanoCPUs(limits.NanoCPUs.Value())
		}
		if limits.Pids > 0 {
			l.Pids = limits.Pids
		}
	}
	if reserved := s.Deploy.Resources.Reservations; reserved != nil && reserved.MemoryBytes != 0 {
		l.MemoryReservation = int64(reserved.MemoryBytes)
	}
	return l
}

// nanoCPUs converts a number of processors. The detour over its shortest
// decimal form makes 0.1 exactly 100000000.
func nanoCPUs(cpus float32) int64 {
	exact, err := strconv.ParseFloat(strconv.FormatFloat(float64(cpus), 'g', -1, 32), 64)
	if err != nil {
		return 0
	}
	return int64(math.Round(exact * 1e9))
}

// cpus is the limit of processors in billionths, in whichever form it was given.
func (l Limits) cpus() int64 {
	if l.NanoCPUs != 0 || l.CPUQuota <= 0 {
		return l.NanoCPUs
	}
	period := l.CPUPeriod
	if period == 0 {
		period = 100_000 // the kernel's default
	}
	return int64(math.Round(float64(l.CPUQuota) / float64(period) * 1e9))
}

// swap is the limit of memory and swap together in bytes, 0 for none. Engines
// double the limit of memory where nothing is said.
func (l Limits) swap() int64 {
	switch {
	case l.MemorySwap > 0:
		return l.MemorySwap
	case l.MemorySwap == 0 && l.Memory > 0:
		return 2 * l.Memory
	default:
		return 0
	}
}

// limitChanges are the limits that somebody changed in a container after it was
// made. Where an engine may have dropped a limit, or has one of its own, only two
// that differ count.
func limitChanges(s *compose.Service, c Container, supports LimitSupport) []FieldChange {
	if c.Limits == (Limits{}) {
		return nil // not observed
	}
	want, got := LimitsOf(s), c.Limits
	var changes []FieldChange
	number := func(field string, is, file int64, supported bool, text func(int64) string) {
		if is != file && (supported || is != 0 && file != 0) {
			changes = append(changes, changed(field, text(is), text(file)))
		}
	}
	number("mem_limit", got.Memory, want.Memory, supports.Memory, bytesOrNone)
	if got.Memory == want.Memory && (supports.Swap || want.MemorySwap != 0) { // else it is what the engine makes of the memory
		number("memswap_limit", got.swap(), want.swap(), supports.Swap, bytesOrNone)
	}
	number("mem_reservation", got.MemoryReservation, want.MemoryReservation, false, bytesOrNone)
	number("cpus", got.cpus(), want.cpus(), supports.CPUQuota, cpusOrNone)
	number("cpu_shares", got.CPUShares, want.CPUShares, supports.CPUShares, numberOrNone)
	number("pids_limit", max(0, got.Pids), max(0, want.Pids), supports.Pids, numberOrNone)
	number("blkio_config.weight", int64(got.BlkioWeight), int64(want.BlkioWeight), false, numberOrNone)
	if got.CPUSet != want.CPUSet && (supports.CPUSet || got.CPUSet != "" && want.CPUSet != "") {
		changes = append(changes, changed("cpuset", got.CPUSet, want.CPUSet))
	}
	if is, file := got.restart(), want.restart(); is != file {
		changes = append(changes, changed("restart", is, file))
	}
	return changes
}

func changed(field, was, is string) FieldChange {
	return FieldChange{Field: field, Old: &was, New: &is}
}

// restart is the policy as a file has it.
func (l Limits) restart() string {
	if l.MaxRetries > 0 {
		return fmt.Sprintf("%s:%d", l.Restart, l.MaxRetries)
	}
	return l.Restart
}

const noLimit = "none"

func bytesOrNone(n int64) string {
	if n <= 0 {
		return noLimit
	}
	return bytesText(n)
}

func cpusOrNone(n int64) string {
	if n == 0 {
		return noLimit
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', -1, 64)
}

func numberOrNone(n int64) string {
	if n == 0 {
		return noLimit
	}
	return strconv.FormatInt(n, 10)
}

// updatedText says what a container has instead of what the file asks for.
func updatedText(changes []FieldChange) string {
	words := make([]string, len(changes))
	for i, c := range changes {
		words[i] = fmt.Sprintf("%s is %s, the file says %s", c.Field, orNone(*c.Old), orNone(*c.New))
	}
	return strings.Join(words, "; ")
}

func orNone(value string) string {
	if value == "" {
		return noLimit
	}
	return value
}
