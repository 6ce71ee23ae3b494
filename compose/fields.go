package compose

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/sanitize"
	"gopkg.in/yaml.v3"
)

// Fields returns the configuration of the service's containers as a flat map
// from the path of each field to its value, e.g. "environment.PORT" to "8080".
// It is the same for the same file on every run. What does not change a
// container is left out: build, pull_policy, scale, depends_on, profiles and
// what is ignored. Secret values are replaced by a short salted digest, e.g.
// "sha256:1a2b3c4d", so that a change shows and the value does not; contents
// of secrets and configs are there as digests.
func (s *Service) Fields() map[string]string {
	return s.flatten(func(key, value string) string { return s.veil(key, value) }, 8)
}

// Hash is a digest of everything about the service's containers: all fields
// with their real values, the contents of what is mounted as a secret or
// config, and the definitions of the networks and volumes it uses. For a
// project that was loaded it is worked out once.
func (s *Service) Hash(p *Project) string {
	return p.known.hash(s, func() string { return s.makeHash(p) })
}

// FormerHash is the Hash that releases before the label of the named directory made:
// sources of mounts below a project that is reached through a symbolic link were
// there as they were named.
func (s *Service) FormerHash(p *Project) string {
	former := *s
	former.namedDir = former.dir
	return former.makeHash(p)
}

func (s *Service) makeHash(p *Project) string {
	fields := s.flatten(func(_, value string) string { return value }, 64)
	for key := range s.Networks {
		flattenValue(p.Networks[key], "network."+key, fields)
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			flattenValue(p.Volumes[v.Source], "volume."+v.Source, fields)
		}
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, key, fields[key])
	}
	return digest(parts...)
}

// NetworkFields returns the definition of the network with the given key as
// Fields does that of a service.
func (p *Project) NetworkFields(key string) map[string]string { return p.veiled(p.Networks[key]) }

// VolumeFields returns the definition of the volume with the given key as
// Fields does that of a service.
func (p *Project) VolumeFields(key string) map[string]string { return p.veiled(p.Volumes[key]) }

// veiled flattens the definition of a network or volume. Options of a driver
// may hold credentials, those of a share mostly.
func (p *Project) veiled(definition any) map[string]string {
	fields := map[string]string{}
	flattenValue(definition, "", fields)
	by := &Service{hidden: p.hidden, salt: p.salt()}
	for key, value := range fields {
		option, isOption := strings.CutPrefix(key, "driver_opts.")
		switch {
		case strings.HasPrefix(key, "x-"):
			delete(fields, key)
		case isOption && value != "" && (LooksSecret(option) || assignsSecret(value)):
			fields[key] = by.marker(value)
		default:
			fields[key] = by.veil(key, value)
		}
	}
	return fields
}

// assignsSecret says whether one of the options in a text as mount(8) takes it,
// a=b,c=d, looks like a secret.
func assignsSecret(text string) bool {
	return slices.ContainsFunc(strings.Split(text, ","), func(option string) bool {
		name, _, ok := strings.Cut(option, "=")
		return ok && LooksSecret(name)
	})
}

// irrelevant are the keys of a service that change no container.
func irrelevant() []string {
	return []string{
		"attach", "build", "depends_on", "develop", "env_file", "extends", "label_file", "profiles", "provider",
		"pull_policy", "pull_refresh_after", "scale",
		"deploy.labels", "deploy.mode", "deploy.replicas", "deploy.endpoint_mode", "deploy.placement",
		"deploy.update_config", "deploy.rollback_config",
	}
}

// flatten lists the fields; show decides what is shown of a value, and
// digests of contents are cut to length hexadecimal digits.
func (s *Service) flatten(show func(key, value string) string, length int) map[string]string {
	config := s.ServiceConfig
	config.Ports = nil
	config.Volumes = s.realSources()
	fields := map[string]string{}
	flattenValue(config, "", fields)
	for key := range fields {
		if isIrrelevant(key) {
			delete(fields, key)
		}
	}
	if s.ZeroSwappiness {
		fields["mem_swappiness"] = "0"
	}
	for i, port := range s.Ports {
		fields[fmt.Sprintf("ports[%d]", i)] = portString(port)
	}
	for key, value := range fields {
		fields[key] = show(key, value)
	}
	for key, content := range s.contents {
		fields[key] = "sha256:" + content[:length]
	}
	return fields
}

// realSources are the service's mounts with the real directory of the project
// in their sources: a path through a symbolic link is the same file's while the
// link leads there, and another one's when it leads elsewhere.
func (s *Service) realSources() []types.ServiceVolumeConfig {
	if s.namedDir == s.dir {
		return s.Volumes
	}
	mounts := slices.Clone(s.Volumes)
	for i, v := range mounts {
		if v.Type != types.VolumeTypeBind || !isWithin(s.namedDir, v.Source) {
			continue
		}
		if rel, err := filepath.Rel(s.namedDir, v.Source); err == nil {
			mounts[i].Source = filepath.Join(s.dir, rel)
		}
	}
	return mounts
}

func isIrrelevant(key string) bool {
	for _, prefix := range irrelevant() {
		if rest, ok := strings.CutPrefix(key, prefix); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return strings.HasPrefix(key, "x-") || strings.Contains(key, ".x-") && !isNamed(key)
}

// isNamed says whether the path leads below a mapping whose keys are the
// author's own, where x- means nothing.
func isNamed(key string) bool {
	for _, prefix := range []string{"environment.", "labels.", "annotations.", "sysctls.", "logging.options.", "networks."} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// flattenValue adds the leaves of a value as YAML has it.
func flattenValue(value any, at string, fields map[string]string) {
	root, err := toNode(value)
	if err != nil {
		// Every type of the model can be encoded; what cannot is told apart
		// by its printed form.
		fields[at] = fmt.Sprintf("%#v", value)
		return
	}
	flattenNode(root, at, fields)
}

func flattenNode(n *yaml.Node, at string, fields map[string]string) {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			flattenNode(n.Content[i+1], strings.TrimPrefix(at+"."+n.Content[i].Value, "."), fields)
		}
	case n.Kind == yaml.SequenceNode && isCommand(at):
		words := make([]string, len(n.Content))
		for i, word := range n.Content {
			words[i] = word.Value
		}
		fields[at] = fmt.Sprintf("%q", words)
	case n.Kind == yaml.SequenceNode:
		for i, entry := range n.Content {
			flattenNode(entry, fmt.Sprintf("%s[%d]", at, i), fields)
		}
	case n.Tag == "!!null":
		fields[at] = "(none)"
	default:
		fields[at] = n.Value
	}
}

// isCommand says whether a list is one command, which is compared as a whole.
func isCommand(at string) bool {
	return at == "command" || at == "entrypoint" || at == "healthcheck.test" || strings.HasSuffix(at, "].command")
}

// portString is a port as in the short form.
func portString(p types.ServicePortConfig) string {
	var b strings.Builder
	if p.HostIP != "" {
		host := p.HostIP
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		b.WriteString(host + ":")
	}
	if p.Published != "" || p.HostIP != "" {
		b.WriteString(p.Published + ":")
	}
	protocol := p.Protocol
	if protocol == "" {
		protocol = "tcp"
	}
	fmt.Fprintf(&b, "%d/%s", p.Target, protocol)
	return b.String()
}

// veil replaces what is secret in the value of a field.
func (s *Service) veil(key, value string) string {
	if value == "" {
		return value
	}
	name := key[strings.LastIndexByte(key, '.')+1:]
	if name != key && strings.Contains(key, "environment.") && LooksSecret(name) {
		return s.marker(value)
	}
	for _, password := range passwordsIn(value) {
		value = strings.ReplaceAll(value, ":"+password+"@", ":"+s.marker(password)+"@")
	}
	if slices.Contains(s.hidden, value) {
		return s.marker(value)
	}
	var long []string
	for _, hidden := range s.hidden {
		if len(hidden) >= sanitize.MinSecret && strings.Contains(value, hidden) {
			long = append(long, hidden)
		}
	}
	if long == nil {
		return value
	}
	return sanitize.NewNames(s.names(), long).Replace(value, long, s.marker)
}

func (s *Service) marker(value string) string {
	return "sha256:" + digest(s.salt, value)[:8]
}
