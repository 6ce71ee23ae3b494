package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// UncheckedService is a service that a plan finds nothing to prove by.
type UncheckedService struct {
	Name string
	// MayBring says that its image is not there yet and may bring a healthcheck.
	MayBring bool
	// MayEnd says that its restart policy lets it end: it may be a job.
	MayEnd bool
}

// uncheckedOf are the services of the project that nothing can prove and nobody
// waived.
func (p *planner) uncheckedOf() []UncheckedService {
	var out []UncheckedService
	for _, name := range sortedKeys(p.Project.Services) {
		s := p.Project.Services[name]
		role := roleOf(p.Project, s, p.check(s))
		if s.Replicas() == 0 || waived(p.Project, s, p.Options.AllowUnverified) || !role.uncheckable() {
			continue
		}
		_, made := p.Images[name]
		_, disabled := s.FileCheck()
		out = append(out, UncheckedService{Name: name, MayBring: !made && p.Pending[name] != "" && !disabled, MayEnd: role == RoleUndeclared})
	}
	return out
}

// refuseUnchecked notes the unchecked services, and refuses them where the reader
// wants that. One whose image may bring a check is judged when the image is there.
func (p *planner) refuseUnchecked() {
	p.plan.Unchecked = p.uncheckedOf()
	for _, u := range p.plan.Unchecked {
		if u.MayBring {
			continue
		}
		s := p.Project.Services[u.Name]
		for _, dependent := range p.Project.Dependents(u.Name) {
			if d := p.Project.Services[dependent].DependsOn[u.Name]; d.Condition == types.ServiceConditionHealthy && d.Required {
				p.plan.refuse(p.waitsInVain(dependent, s))
			}
		}
		if p.Options.Strict {
			p.plan.refuse(fault.New(fault.Service, "service %s is unchecked: it has %s, so nothing could prove it", u.Name, whyUnchecked(s)).
				WithHint("%s", uncheckedHint(s, roleOf(p.Project, s, p.check(s)))))
		}
	}
}

// refuse notes why nobody carries the plan out; nil is no reason.
func (p *Plan) refuse(err error) {
	if err != nil {
		p.refused = append(p.refused, err)
	}
}

// Refused says why Up does not carry the plan out, nil when it does.
func (p Plan) Refused() error { return errors.Join(p.refused...) }

// waitsError is a dependency on the health of a service that has none: Up refuses it,
// and a plan is none the less valid.
type waitsError struct{ error }

// Unwrap returns the error with its class.
func (e waitsError) Unwrap() error { return e.error }

// RefusedAsPlanned is Refused without what a plan only names.
func (p Plan) RefusedAsPlanned() error {
	return errors.Join(slices.DeleteFunc(slices.Clone(p.refused), func(err error) bool {
		_, waits := err.(waitsError) //nolint:errorlint // made by this package, never wrapped
		return waits
	})...)
}

// Vain are the dependencies on the health of services that have none, a sentence
// each.
func (p Plan) Vain() []string {
	var out []string
	for _, err := range p.refused {
		if w, ok := err.(waitsError); ok { //nolint:errorlint // made by this package, never wrapped
			out = append(out, w.Error())
		}
	}
	return out
}

// waitsInVain is the error of a service that waits for the health of one that is
// unchecked.
func (p *planner) waitsInVain(dependent string, s *compose.Service) error {
	problem := p.Project.DependencyPlace(dependent, s.Name)
	problem.Message = fmt.Sprintf("%s waits for %s to be healthy, and that has %s", dependent, s.Name, whyUnchecked(s))
	problem.Remedy = fmt.Sprintf("wait for service_started, or give %s a healthcheck", s.Name)
	return waitsError{compose.NewProblems([]compose.Problem{problem}, "")}
}

// warnUnchecked says in one line which services nothing can prove.
func (s *session) warnUnchecked(plan Plan) {
	if text := plan.UncheckedText(); text != "" {
		s.opts.Listen.tell(Progress{Phase: PhaseWarning, Message: text})
	}
}

// UncheckedText names the unchecked services of a plan in one line, with the
// remedies; "" when there is none.
func (p Plan) UncheckedText() string {
	var sure, perhaps []string
	mayEnd := false
	for _, u := range p.Unchecked {
		mayEnd = mayEnd || u.MayEnd
		if u.MayBring {
			perhaps = append(perhaps, u.Name)
		} else {
			sure = append(sure, u.Name)
		}
	}
	var parts []string
	if len(sure) > 0 {
		parts = append(parts, "unchecked: "+strings.Join(sure, ", ")+" (no healthcheck, no published port)")
	}
	if len(perhaps) > 0 {
		parts = append(parts, "unchecked unless the image brings a healthcheck: "+strings.Join(perhaps, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	remedy := "add a healthcheck"
	if mayEnd {
		remedy += ", or x-stackctl: {job: true} to what is meant to end"
	}
	return strings.Join(parts, "; ") + ": the run ends with 12 at best; " + remedy
}
