package compose

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
)

func TestRestartPolicies(t *testing.T) {
	two := uint64(2)
	for name, one := range map[string]struct {
		restart string
		deploy  *types.RestartPolicy
		policy  string
		retries int
		class   fault.Class
	}{
		"none":                           {policy: "no"},
		"unless-stopped":                 {restart: "unless-stopped", policy: "unless-stopped"},
		"on failure, at most":            {restart: "on-failure:3", policy: "on-failure", retries: 3},
		"deploy goes before restart":     {restart: "always", deploy: &types.RestartPolicy{Condition: "none"}, policy: "no"},
		"deploy without condition":       {restart: "no", deploy: &types.RestartPolicy{}, policy: "always"},
		"deploy with any":                {deploy: &types.RestartPolicy{Condition: "any"}, policy: "always"},
		"deploy on failure, at most":     {deploy: &types.RestartPolicy{Condition: "on-failure", MaxAttempts: &two}, policy: "on-failure", retries: 2},
		"a bound that no engine honours": {deploy: &types.RestartPolicy{Condition: "any", MaxAttempts: &two}, class: fault.Config},
		"a bound that is no number":      {restart: "on-failure:x", class: fault.Config},
		"a bound that is negative":       {restart: "on-failure:-1", class: fault.Config},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Service{}
			s.Restart = one.restart
			if one.deploy != nil {
				s.Deploy = &types.DeployConfig{RestartPolicy: one.deploy}
			}
			policy, retries, err := s.RestartPolicy()
			if policy != one.policy || retries != one.retries || fault.ClassOf(err) != one.class {
				t.Errorf("%q, %d, %v", policy, retries, err)
			}
		})
	}
}
