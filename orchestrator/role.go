package orchestrator

import (
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
)

// Role is what a service is meant to be, and with it how it is proven.
type Role int

const (
	// RoleService runs and can be proven: by its check, a published port, a
	// declared probe or a built-in check.
	RoleService Role = iota
	// RoleJob is meant to end with code 0.
	RoleJob
	// RoleUndeclared has neither check nor port nor a job's role, and may
	// end: the file does not say what it is. While it runs it is unchecked.
	RoleUndeclared
	// RoleUnchecked runs until it is stopped and offers nothing to prove it by.
	RoleUnchecked
)

// roleOf decides the role of s from the file and its effective check.
func roleOf(p *compose.Project, s *compose.Service, check *healthchecks.Check) Role {
	switch {
	case s.IsJob(p):
		return RoleJob
	case check.Defined(), len(tcpPorts(s)) > 0, len(s.Settings.Verify) > 0, hasBuiltIn(s):
		return RoleService
	case mayEndByItself(s):
		return RoleUndeclared
	default:
		return RoleUnchecked
	}
}

// mayEndByItself says whether the restart policy lets s end with code 0.
func mayEndByItself(s *compose.Service) bool {
	policy, _, err := s.RestartPolicy()
	return err == nil && (policy == types.RestartPolicyNo || policy == types.RestartPolicyOnFailure)
}

// tcpPorts are the published TCP ports of s; the host's own network publishes
// nothing.
func tcpPorts(s *compose.Service) []types.ServicePortConfig {
	var ports []types.ServicePortConfig
	if s.NetworkMode == "host" {
		return nil
	}
	for _, port := range s.Ports {
		if port.Protocol == "" || port.Protocol == "tcp" {
			ports = append(ports, port)
		}
	}
	return ports
}

// effectiveCheck is the healthcheck that the engine will use: the file's,
// with what it leaves open taken from the image, as the engine merges them.
func effectiveCheck(s *compose.Service, image images.Image) *healthchecks.Check {
	file, disabled := s.FileCheck()
	if disabled {
		return nil
	}
	if file == nil {
		return image.Check
	}
	merged := *file
	if base := image.Check; base != nil {
		if len(merged.Test) == 0 {
			merged.Test = base.Test
		}
		merged.Interval = firstSet(merged.Interval, base.Interval)
		merged.Timeout = firstSet(merged.Timeout, base.Timeout)
		merged.StartPeriod = firstSet(merged.StartPeriod, base.StartPeriod)
		merged.StartInterval = firstSet(merged.StartInterval, base.StartInterval)
		if merged.Retries == 0 {
			merged.Retries = base.Retries
		}
	}
	return &merged
}

func firstSet(values ...time.Duration) time.Duration {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}

// waived says whether the file or the reader gave up the proof of s.
func waived(p *compose.Project, s *compose.Service, all bool) bool {
	return all || p.Settings.AllowUnverified || s.Settings.AllowUnverified
}
