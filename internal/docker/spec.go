package docker

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// target is what the mapping must know of the engine and its host.
type target struct {
	api apiVersion
	// local says that the engine sees this host's files.
	local bool
	// noLinks says that the engine refuses links (Podman).
	noLinks bool
	// proxies are the variables of the user's docker configuration.
	proxies map[string]*string
	// read reads a file that the service refers to by content.
	read func(path string) ([]byte, error)
}

// creation is everything that one new container needs, ready for the engine.
type creation struct {
	config   *container.Config
	host     *container.HostConfig
	network  *network.NetworkingConfig
	platform *ocispec.Platform
	// later are networks that this engine cannot attach at creation.
	later []attachment
	// files are copied in before the first start.
	files []injected
	// makeDirs are bind sources to make, mustExist those to insist on.
	makeDirs, mustExist []string
}

// attachment is a place in one network.
type attachment struct {
	network  string
	endpoint *network.EndpointSettings
}

// attached are the names of the networks that must be there.
func (c creation) attached() map[string]bool {
	names := map[string]bool{}
	if c.network != nil {
		for name := range c.network.EndpointsConfig {
			names[name] = isUserDefined(name) && !strings.HasPrefix(name, "container:")
		}
	}
	for _, a := range c.later {
		names[a.network] = true
	}
	maps.DeleteFunc(names, func(_ string, needed bool) bool { return !needed })
	return names
}

// planCreation maps a service to what the engine takes. It changes nothing;
// all that it reads comes through t.
func planCreation(spec orchestrator.ContainerSpec, t target) (creation, error) {
	if err := checkVersion(spec.Service, t.api); err != nil {
		return creation{}, err
	}
	volumes, err := planMounts(spec, t)
	if err != nil {
		return creation{}, err
	}
	net, err := planNetworks(spec, t)
	if err != nil {
		return creation{}, err
	}
	config, err := planConfig(spec, t)
	if err != nil {
		return creation{}, err
	}
	config.MacAddress = net.mac //nolint:staticcheck // engines before 25 know no other place
	host, err := planHost(spec, t)
	if err != nil {
		return creation{}, err
	}
	host.NetworkMode, host.Links = net.mode, net.links
	host.Binds, host.Mounts, host.Tmpfs = volumes.binds, volumes.mounts, volumes.tmpfs
	if len(volumes.files) > 0 {
		config.Labels = maps.Clone(config.Labels)
		if config.Labels == nil {
			config.Labels = map[string]string{}
		}
		config.Labels[labelCopied] = copiedMark(volumes.files)
	}
	platform, err := parsePlatform(spec.Service.Platform)
	if err != nil {
		return creation{}, err
	}
	return creation{
		config: config, host: host, network: net.config, platform: platform,
		later: net.later, files: volumes.files,
		makeDirs: volumes.makeDirs, mustExist: volumes.mustExist,
	}, nil
}

// parsePlatform reads os[/arch[/variant]], nil for none.
func parsePlatform(s string) (*ocispec.Platform, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.Split(s, "/")
	if len(parts) > 3 {
		return nil, fault.New(fault.Config, "platform %q is not os/arch[/variant]", s)
	}
	parts = append(parts, "", "")
	return &ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}, nil
}

// joined resolves a mode of the form "service:name" to the container that
// the planner chose; any other mode is handed on.
func joined(spec orchestrator.ContainerSpec, key, mode string) (string, error) {
	name, ok := strings.CutPrefix(mode, "service:")
	if !ok {
		return mode, nil
	}
	id := spec.Joins[name]
	if id == "" {
		return "", fmt.Errorf("%s of service %s: no container of service %s is known", key, spec.Service.Name, name)
	}
	return "container:" + id, nil
}

// containerName is the name of a service's replica as the planner gives it.
func containerName(spec orchestrator.ContainerSpec, service string, number int) string {
	if other, ok := spec.Project.Services[service]; ok && other.ContainerName != "" {
		return other.ContainerName
	}
	return spec.Project.Name + "-" + service + "-" + strconv.Itoa(number)
}

// sortedKeys returns the keys of m in order, so that the same file always
// gives the same request.
func sortedKeys[M ~map[string]V, V any](m M) []string {
	return slices.Sorted(maps.Keys(m))
}
