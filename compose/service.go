package compose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
)

type serviceConfig = types.ServiceConfig

// Replicas is the number of containers that the service is to have: scale,
// else deploy.replicas, else 1.
func (s *Service) Replicas() int { return s.GetScale() }

// IsJob says whether the service is meant to end: its x-stackctl says so, or
// another service of the file waits for it with service_completed_successfully.
func (s *Service) IsJob(p *Project) bool {
	return s.Settings.Job || p.known.success(p.Whole())[s.Name]
}

// RestartPolicy is what the engine does when a container of the service ends:
// "no", "always", "unless-stopped" or "on-failure", by deploy.restart_policy,
// else by restart. retries bounds the restarts, 0 for no bound. It is an error
// where the file bounds them by what is no number, or bounds others than those
// on failure.
func (s *Service) RestartPolicy() (policy string, retries int, err error) {
	policy, bound, _ := strings.Cut(s.Restart, ":")
	if bound != "" {
		if retries, err = strconv.Atoi(bound); err != nil || retries < 0 {
			return "", 0, fault.New(fault.Config, "%s.restart: %q is not a number of retries", s.Name, bound)
		}
	}
	if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
		policy, retries = deployedRestart(s.Deploy.RestartPolicy)
	}
	if policy == "" {
		policy = types.RestartPolicyNo
	}
	if retries > 0 && policy != types.RestartPolicyOnFailure {
		return "", 0, fault.New(fault.Config, "%s: only a restart on failure can be bounded by a number of attempts", s.Name).
			WithHint("write restart: on-failure:%d", retries)
	}
	return policy, retries, nil
}

func deployedRestart(r *types.RestartPolicy) (policy string, retries int) {
	if r.MaxAttempts != nil {
		retries = int(min(*r.MaxAttempts, 1<<30))
	}
	switch r.Condition {
	case "none":
		return types.RestartPolicyNo, retries
	case "", "any", "always": // the specification's default
		return types.RestartPolicyAlways, retries
	}
	return r.Condition, retries
}

// FileCheck returns the healthcheck that the file declares: nil when it
// declares none, so that the image's own holds; with disabled when the file
// switches the image's off. A check without a test changes only the timing of
// the image's: its Test is empty.
func (s *Service) FileCheck() (check *healthchecks.Check, disabled bool) {
	h := s.HealthCheck
	if h == nil {
		return nil, false
	}
	if h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE" {
		return &healthchecks.Check{Test: []string{"NONE"}}, true
	}
	check = &healthchecks.Check{
		Test:     append([]string(nil), h.Test...),
		Interval: duration(h.Interval), Timeout: duration(h.Timeout),
		StartPeriod: duration(h.StartPeriod), StartInterval: duration(h.StartInterval),
	}
	if h.Retries != nil {
		check.Retries = int(min(*h.Retries, 1<<30))
	}
	return check, false
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// SeccompProfile is the file that an entry of security_opt names, written with
// "=" or in the older form with ":", as it is written; "" when it names none.
func SeccompProfile(option string) string {
	key, file, ok := strings.Cut(option, "=")
	if !ok {
		key, file, _ = strings.Cut(option, ":")
	}
	if key != "seccomp" || file == "unconfined" || file == "builtin" {
		return ""
	}
	return file
}

// ContainerName is the engine's name of the n-th container of a service,
// counted from 1: container_name where the file sets it, else
// project-service-n.
func (p *Project) ContainerName(service string, n int) string {
	if s, ok := p.Services[service]; ok && s.ContainerName != "" {
		return s.ContainerName
	}
	return fmt.Sprintf("%s-%s-%d", p.Name, service, n)
}

// NetworkName is the engine's name of the network with the given key: its
// name:, else project_key.
func (p *Project) NetworkName(key string) string {
	if network, ok := p.Networks[key]; ok && network.Name != "" {
		return network.Name
	}
	return p.Name + "_" + key
}

// VolumeName is the engine's name of the volume with the given key: its
// name:, else project_key.
func (p *Project) VolumeName(key string) string {
	if volume, ok := p.Volumes[key]; ok && volume.Name != "" {
		return volume.Name
	}
	return p.Name + "_" + key
}
