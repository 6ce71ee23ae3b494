package operator

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// View is what the page shows: a document of its own, which may change with
// the page. Programs read /status.json.
type View struct {
	Pass      int           `json:"pass"`
	Project   string        `json:"project"`
	Directory string        `json:"directory"`
	Engine    string        `json:"engine"`
	Endpoint  string        `json:"engine_endpoint"`
	Proven    bool          `json:"proven"`
	Unchecked []string      `json:"unchecked"`
	Error     string        `json:"error,omitempty"`
	Hint      string        `json:"hint,omitempty"`
	Troubles  []ViewTrouble `json:"troubles"`
	Services  []ViewService `json:"services"`
	Notes     []string      `json:"notes"`
	History   []ViewEntry   `json:"history"`
}

// ViewTrouble is what keeps the operator from its work.
type ViewTrouble struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// ViewService is one service.
type ViewService struct {
	Name  string `json:"name"`
	State string `json:"state"`
	// Tone is "good", "unchecked", "busy", "bad" or "off".
	Tone   string `json:"tone"`
	Level  int    `json:"level"`
	Proven bool   `json:"proven"`
	Reason string `json:"reason,omitempty"`
	Hint   string `json:"hint,omitempty"`
	// Said are the last words of its container, where it failed.
	Said []string `json:"said"`
	// Doing says what the operator does or will do.
	Doing    string       `json:"doing,omitempty"`
	Since    *time.Time   `json:"since,omitempty"`
	Restarts int          `json:"restarts"`
	Starts   int          `json:"starts"`
	Budget   int          `json:"budget"`
	GivenUp  bool         `json:"given_up"`
	Image    string       `json:"image"`
	Proof    string       `json:"proof"`
	Drift    string       `json:"drift,omitempty"`
	Needs    []string     `json:"needs"`
	URLs     []string     `json:"urls"`
	Probe    *ViewProbe   `json:"probe,omitempty"`
	Gates    []ViewGate   `json:"gates"`
	Replicas []ViewPlace  `json:"replicas"`
	History  []ViewEntry  `json:"history"`
	HealedIn *float64     `json:"healed_in_seconds,omitempty"`
	Running  bool         `json:"running"`
	Notes    []string     `json:"notes"`
	Proofs   []*ViewProbe `json:"proofs"`
}

// ViewProbe is one piece of evidence.
type ViewProbe struct {
	Probe       string     `json:"probe"`
	Result      string     `json:"result"`
	Passed      bool       `json:"passed"`
	At          *time.Time `json:"at,omitempty"`
	TookSeconds float64    `json:"took_seconds"`
}

// ViewGate is one condition, and since when it has its status.
type ViewGate struct {
	Type    string     `json:"type"`
	Status  string     `json:"status"`
	Message string     `json:"message"`
	Since   *time.Time `json:"since,omitempty"`
}

// ViewPlace is one container.
type ViewPlace struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
}

// ViewEntry is one thing that happened.
type ViewEntry struct {
	At          time.Time `json:"at"`
	Pass        int       `json:"pass"`
	Service     string    `json:"service,omitempty"`
	Kind        string    `json:"kind"`
	State       string    `json:"state,omitempty"`
	Text        string    `json:"text,omitempty"`
	TookSeconds float64   `json:"took_seconds,omitempty"`
}

// lastWords is how many lines of a failed container are shown with its reason.
const lastWords = 3

// maxText bounds a text of the page, in bytes.
const maxText = 2000

// MakeView is what the page shows of a snapshot.
func MakeView(s orchestrator.Snapshot, h *History) View {
	h.Note(s)
	v := View{
		Pass: s.Pass, Project: s.Report.Project, Directory: s.Report.Dir, Proven: s.Report.Proven && s.Err == nil, Unchecked: full(settledUnchecked(s)),
		Engine: s.Report.Engine.Version, Endpoint: s.Report.Engine.Endpoint,
		Troubles: []ViewTrouble{}, Services: []ViewService{}, Notes: full(s.Report.Notes), History: entries(h.Of("")),
	}
	if s.Err != nil {
		v.Error, v.Hint = text(s.Err.Error()), text(fault.HintOf(s.Err))
		if len(s.Report.Cards) > 0 && strings.HasPrefix(v.Error, s.Report.Cards[0].Service+":") {
			v.Hint = cmp.Or(v.Hint, text(s.Report.Cards[0].Hint))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Troubles)) {
		v.Troubles = append(v.Troubles, ViewTrouble{kind, text(s.Troubles[kind])})
	}
	levels := map[string]int{}
	for i, names := range s.Project.Order() {
		for _, name := range names {
			levels[name] = i
		}
	}
	for _, r := range s.Report.Services {
		one := viewService(s, r, h)
		one.Level = levels[r.Name]
		v.Services = append(v.Services, one)
	}
	return v
}

func viewService(s orchestrator.Snapshot, r orchestrator.ServiceReport, h *History) ViewService {
	d := s.Decisions[r.Name]
	v := ViewService{
		Name: r.Name, State: orchestrator.StateOf(r, d), Proven: r.Proven, Reason: text(r.Reason), Hint: text(r.Hint),
		Doing: text(doing(d)), Restarts: r.Restarts, Starts: d.Starts, Budget: orchestrator.RulesOf(s.Project).Budget,
		GivenUp: d.Verdict == orchestrator.GaveUp, Image: r.Image, Proof: r.Proof,
		Needs: s.Project.Dependencies(r.Name), URLs: []string{}, Gates: []ViewGate{}, Replicas: []ViewPlace{},
		History: entries(h.Of(r.Name)), Notes: full(r.Notes), Proofs: []*ViewProbe{}, Said: []string{},
	}
	for _, c := range s.Report.Cards {
		if c.Service == r.Name {
			v.Hint = cmp.Or(text(c.Hint), v.Hint)
			v.Said = full(c.Logs[max(0, len(c.Logs)-lastWords):])
		}
	}
	v.Needs = full(v.Needs)
	v.Tone = toneOf(r, d)
	if !r.Since.IsZero() {
		since := r.Since.Add(-s.Report.Engine.ClockAhead).UTC()
		v.Since = &since
	}
	for _, c := range r.Containers {
		v.Replicas = append(v.Replicas, ViewPlace{ID: shortID(c.ID), Name: c.Name, State: c.State})
		v.Running = v.Running || runs(c.State)
	}
	v.gates(r, h)
	for _, e := range s.Report.Endpoints {
		if e.Service == r.Name {
			v.URLs = append(v.URLs, cmp.Or(e.URL, e.Address))
		}
	}
	for _, e := range v.History {
		if e.Kind == string(orchestrator.Healed) {
			v.HealedIn = &e.TookSeconds
			break
		}
	}
	return v
}

// runs says whether a container's state is one in which its process is.
func runs(state string) bool {
	for _, word := range []string{"exited", "completed", "created", "start failed", "oom", "missing", "dead"} {
		if strings.HasPrefix(state, word) {
			return false
		}
	}
	return true
}

// gates takes the conditions, the drift, and the evidence.
func (v *ViewService) gates(r orchestrator.ServiceReport, h *History) {
	for _, c := range r.Conditions {
		gate := ViewGate{Type: c.Type, Status: string(c.Status), Message: text(c.Message)}
		if since := h.Since(r.Name, c.Type).UTC(); !since.IsZero() {
			gate.Since = &since
		}
		v.Gates = append(v.Gates, gate)
		if c.Class == fault.Differs {
			v.Drift = text(c.Message)
		}
		for _, e := range c.Evidence {
			p := probeOf(e)
			v.Proofs = append(v.Proofs, p)
			if asks(c.Type) && p.At != nil && (v.Probe == nil || p.At.After(*v.Probe.At)) {
				v.Probe = p
			}
		}
	}
}

// asks says whether a condition rests on what the service itself answered.
func asks(condition string) bool {
	return condition == orchestrator.GateHealthy || condition == orchestrator.GateDatabase || condition == orchestrator.GateReachable
}

func probeOf(e healthchecks.Evidence) *ViewProbe {
	p := &ViewProbe{Probe: text(e.Probe), Result: text(e.Result), Passed: e.Passed, TookSeconds: seconds(e.Took)}
	if !e.At.IsZero() {
		at := e.At.UTC()
		p.At = &at
	}
	return p
}

// doing says what the operator does about a service, in a sentence.
func doing(d orchestrator.Decision) string {
	switch {
	case d.Verdict == orchestrator.LeaveAlone || d.Verdict == "":
		return ""
	case d.Verdict == orchestrator.Act:
		return "healing: " + d.Cause
	case d.Reason == "":
		return string(d.Verdict)
	case d.Verdict == orchestrator.HandsOff:
		return d.Reason
	default:
		return string(d.Verdict) + ": " + d.Reason
	}
}

// settledUnchecked are the services without a proof of a stack that is otherwise
// proven.
func settledUnchecked(s orchestrator.Snapshot) []string {
	if s.Err != nil || !s.Report.Settled() {
		return nil
	}
	return s.Report.Unchecked()
}

// toneOf is how a service is coloured.
func toneOf(r orchestrator.ServiceReport, d orchestrator.Decision) string {
	switch {
	case d.Verdict == orchestrator.HandsOff:
		return "off"
	case d.Verdict == orchestrator.GaveUp:
		return "bad"
	case r.Unchecked:
		return "unchecked"
	case r.Proven:
		return "good"
	case d.Verdict == orchestrator.Act, d.AtWork, r.Class == fault.Timeout && !r.Final:
		return "busy"
	case d.Verdict == orchestrator.NotYet && d.Cause != "", d.Verdict == orchestrator.Blocked && d.Cause != "":
		return "busy"
	case !r.Final && r.Class != fault.Service && r.Class != fault.Verify:
		return "busy"
	default:
		return "bad"
	}
}

func entries(list []orchestrator.Happening) []ViewEntry {
	out := make([]ViewEntry, 0, len(list))
	for _, h := range list {
		out = append(out, ViewEntry{At: h.At.UTC(), Pass: h.Pass, Service: h.Service, Kind: string(h.Kind),
			State: h.State, Text: text(h.Text), TookSeconds: seconds(h.Took)})
	}
	return out
}

func text(s string) string { return sanitize.Text(s, maxText) }

func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

func full(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// shortID is the first twelve digits of an ID.
func shortID(id string) string { return id[:min(12, len(id))] }
