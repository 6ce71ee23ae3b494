package docker

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

func itoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// planHost maps what ties the container to its host, mounts and networks
// aside.
func planHost(spec orchestrator.ContainerSpec, t target) (*container.HostConfig, error) {
	s := spec.Service
	restart, retries, err := s.RestartPolicy()
	if err != nil {
		return nil, err
	}
	security, err := securityOptions(spec, t.read)
	if err != nil {
		return nil, err
	}
	host := &container.HostConfig{
		Annotations:    s.Annotations,
		CapAdd:         s.CapAdd,
		CapDrop:        s.CapDrop,
		CgroupnsMode:   container.CgroupnsMode(s.Cgroup),
		DNS:            s.DNS,
		DNSOptions:     s.DNSOpts,
		DNSSearch:      s.DNSSearch,
		ExtraHosts:     extraHosts(s.ExtraHosts),
		GroupAdd:       s.GroupAdd,
		Init:           s.Init,
		Isolation:      container.Isolation(s.Isolation),
		LogConfig:      logConfig(s),
		OomScoreAdj:    int(s.OomScoreAdj),
		PortBindings:   portBindings(s.Ports),
		Privileged:     s.Privileged,
		ReadonlyRootfs: s.ReadOnly,
		Resources:      resources(s),
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyMode(restart), MaximumRetryCount: retries},
		Runtime:        s.Runtime,
		SecurityOpt:    security.options,
		ShmSize:        int64(s.ShmSize),
		StorageOpt:     s.StorageOpt,
		Sysctls:        s.Sysctls,
		UTSMode:        container.UTSMode(s.Uts),
		UsernsMode:     container.UsernsMode(s.UserNSMode),
		VolumeDriver:   s.VolumeDriver,
	}
	if security.unconfined {
		host.MaskedPaths, host.ReadonlyPaths = []string{}, []string{}
	}
	return host, planJoins(host, spec)
}

// planJoins maps the namespaces and volumes shared with other containers.
func planJoins(host *container.HostConfig, spec orchestrator.ContainerSpec) error {
	ipc, err := joined(spec, "ipc", spec.Service.Ipc)
	if err != nil {
		return err
	}
	pid, err := joined(spec, "pid", spec.Service.Pid)
	if err != nil {
		return err
	}
	host.IpcMode, host.PidMode = container.IpcMode(ipc), container.PidMode(pid)
	for _, from := range spec.Service.VolumesFrom {
		source, mode, hasMode := cutMode(from)
		if !strings.HasPrefix(source, "container:") {
			source = "service:" + source
		}
		source, err := joined(spec, "volumes_from", source)
		if err != nil {
			return err
		}
		source = strings.TrimPrefix(source, "container:")
		if hasMode {
			source += ":" + mode
		}
		host.VolumesFrom = append(host.VolumesFrom, source)
	}
	return nil
}

// cutMode splits "name:ro" and "container:name:ro".
func cutMode(from string) (source, mode string, found bool) {
	if i := strings.LastIndex(from, ":"); i >= 0 && (from[i+1:] == "ro" || from[i+1:] == "rw") {
		return from[:i], from[i+1:], true
	}
	return from, "", false
}

// portBindings maps ports. A published range leaves the choice to the engine.
func portBindings(ports []types.ServicePortConfig) nat.PortMap {
	if len(ports) == 0 {
		return nil
	}
	bindings := nat.PortMap{}
	for _, p := range ports {
		inside := natPort(p.Target, p.Protocol)
		binding := nat.PortBinding{HostIP: strings.Trim(p.HostIP, "[]"), HostPort: p.Published}
		if !slices.Contains(bindings[inside], binding) {
			bindings[inside] = append(bindings[inside], binding)
		}
	}
	return bindings
}

// extraHosts lists host:address, sorted by host.
func extraHosts(hosts types.HostsList) []string {
	var all []string
	for _, host := range sortedKeys(hosts) {
		for _, address := range hosts[host] {
			all = append(all, host+":"+address)
		}
	}
	return all
}

// logConfig maps logging, or the older log_driver and log_opt.
func logConfig(s *compose.Service) container.LogConfig {
	if s.Logging != nil {
		return container.LogConfig{Type: s.Logging.Driver, Config: s.Logging.Options}
	}
	return container.LogConfig{Type: s.LogDriver, Config: s.LogOpt}
}

// security is the outcome of security_opt and credential_spec.
type security struct {
	options []string
	// unconfined lifts the engine's masked and read-only paths.
	unconfined bool
}

// securityOptions maps security_opt. A seccomp profile is sent by content, as
// the engine takes it.
func securityOptions(spec orchestrator.ContainerSpec, read func(string) ([]byte, error)) (security, error) {
	var out security
	for _, option := range spec.Service.SecurityOpt {
		file := compose.SeccompProfile(option)
		switch {
		case option == "systempaths=unconfined", option == "systempaths:unconfined":
			out.unconfined = true
		case file != "":
			profile, err := seccompProfile(spec.Project.Dir, file, read)
			if err != nil {
				return security{}, fault.New(fault.Config, "%s.security_opt %s: %w", spec.Service.Name, option, err)
			}
			out.options = append(out.options, "seccomp="+profile)
		default:
			out.options = append(out.options, option)
		}
	}
	if c := spec.Service.CredentialSpec; c != nil {
		out.options = append(out.options, credentialSpec(c)...)
	}
	return out, nil
}

func seccompProfile(dir, path string, read func(string) ([]byte, error)) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	content, err := read(path)
	if err != nil {
		return "", err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, content); err != nil {
		return "", err
	}
	return compact.String(), nil
}

func credentialSpec(c *types.CredentialSpecConfig) []string {
	switch {
	case c.File != "":
		return []string{"credentialspec=file://" + c.File}
	case c.Registry != "":
		return []string{"credentialspec=registry://" + c.Registry}
	default:
		return nil
	}
}
