package progress

import (
	"fmt"
	"strings"

	"github.com/docker/go-units"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// maxWords bounds what one event says, in bytes.
const maxWords = 400

// words say what happened, without who: "healthy after 1.1s".
func words(p orchestrator.Progress) string {
	message := sanitize.Line(p.Message, maxWords)
	switch p.Phase {
	case orchestrator.PhasePulling:
		if message != "" {
			message = "(" + message + ")"
		}
		return join("pulling", transfer(p), message)
	case orchestrator.PhaseBuilding, orchestrator.PhaseWaiting:
		return join(string(p.Phase), message)
	case orchestrator.PhasePulled, orchestrator.PhaseBuilt, orchestrator.PhaseStopped:
		return join(string(p.Phase), took("in", p))
	case orchestrator.PhaseHealthy, orchestrator.PhaseCompleted:
		return join(string(p.Phase), took("after", p))
	case orchestrator.PhaseProbing:
		return "probe: " + strings.TrimRight(message, ": ")
	case orchestrator.PhaseUnchanged:
		return join("unchanged,", message)
	case orchestrator.PhaseNote, orchestrator.PhaseWarning, orchestrator.PhaseProving:
		return message
	case orchestrator.PhaseFailed:
		return "failed" // why is explained at the end, in full
	}
	if message != "" && !obvious(p) {
		return fmt.Sprintf("%s (%s)", p.Phase, message)
	}
	return string(p.Phase)
}

// obvious says whether the cause of an action is what everybody expects.
func obvious(p orchestrator.Progress) bool {
	switch p.Phase {
	case orchestrator.PhaseCreating, orchestrator.PhaseCreated:
		return p.Message == "missing"
	case orchestrator.PhaseStarting, orchestrator.PhaseStarted:
		return p.Message == "created"
	default:
		return false
	}
}

// took is how long the phase took, where that is known and worth a word.
func took(preposition string, p orchestrator.Progress) string {
	if p.Took <= 0 {
		return ""
	}
	return preposition + " " + console.Duration(p.Took)
}

// transfer is how many bytes have come: "12.3MB of 40MB".
func transfer(p orchestrator.Progress) string {
	switch {
	case p.Total > 0:
		return units.HumanSize(float64(p.Current)) + " of " + units.HumanSize(float64(p.Total))
	case p.Current > 0:
		return units.HumanSize(float64(p.Current))
	default:
		return ""
	}
}

func join(parts ...string) string {
	kept := parts[:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.TrimRight(strings.Join(kept, " "), ",")
}

// isImage says whether an event is about an image, which several services may
// share, rather than about the one service that it names. Only images fail on
// their own: what fails in a container is its service's state.
func isImage(p orchestrator.Progress) bool {
	switch p.Phase {
	case orchestrator.PhasePulling, orchestrator.PhasePulled, orchestrator.PhaseBuilding, orchestrator.PhaseBuilt,
		orchestrator.PhaseFailed:
		return p.Target != ""
	default:
		return false
	}
}

// isBeginning says whether another event tells how it ended.
func isBeginning(p orchestrator.Phase) bool {
	switch p {
	case orchestrator.PhaseCreating, orchestrator.PhaseStarting, orchestrator.PhaseStopping, orchestrator.PhaseRemoving:
		return true
	default:
		return false
	}
}

// label says whom an event is about: the service, a further replica by its
// number, an image or another object by its name, or "" for the whole run.
func label(p orchestrator.Progress) string {
	switch {
	case isImage(p), p.Service == "":
		return sanitize.Line(p.Target, maxWords)
	}
	if _, number, ok := strings.Cut(p.Target, p.Service+"-"); ok && number != "1" && isNumber(number) {
		return p.Service + "-" + number
	}
	return p.Service
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
