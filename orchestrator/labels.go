package orchestrator

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/compose"
)

// Labels that docker compose and the tools around it read. With them
// `docker compose ps`, `docker ps` filters and dashboards see the stack.
const (
	LabelProject     = "com.docker.compose.project"
	LabelService     = "com.docker.compose.service"
	LabelNumber      = "com.docker.compose.container-number"
	LabelOneOff      = "com.docker.compose.oneoff"
	LabelComposeHash = "com.docker.compose.config-hash"
	LabelWorkingDir  = "com.docker.compose.project.working_dir"
	LabelConfigFiles = "com.docker.compose.project.config_files"
	LabelDependsOn   = "com.docker.compose.depends_on"
	LabelImage       = "com.docker.compose.image"
	LabelNetwork     = "com.docker.compose.network"
	LabelVolume      = "com.docker.compose.volume"
	LabelVersion     = "com.docker.compose.version"
)

// Labels of stackctl's own. Together with LabelProject they are the only
// state there is.
const (
	// LabelOwner identifies the project: compose.Project.ID. An object is
	// ours only when both LabelProject and LabelOwner are, see Decide.
	LabelOwner = "io.stackctl.project-id"
	// LabelNamedDir is the project's directory as it was named, where that is a
	// path through a symbolic link, and LabelHost the machine that it is on.
	LabelNamedDir = "io.stackctl.named-dir"
	LabelHost     = "io.stackctl.host"
	// LabelHash is the digest of the configuration the object was made of.
	LabelHash = "io.stackctl.config-hash"
	// LabelFields is that configuration field by field as JSON, secrets as
	// digests, so that a change can be named.
	LabelFields = "io.stackctl.fields"
	// LabelInjected says what was added to the healthcheck.
	LabelInjected = "io.stackctl.injected"
	// LabelCreated is when a volume was made, by the engine's clock (RFC 3339
	// with fractions). The engine's own word moves with what is written to it.
	LabelCreated = "io.stackctl.created"
	// LabelRole is "job" for a service that is meant to end.
	LabelRole = "io.stackctl.role"
	// LabelRun is the identity of a throw-away copy: whatever carries it is
	// removed with that copy, and nothing else is. LabelBase is the name that
	// the project has otherwise, LabelExpires the engine's time from which on
	// anybody may remove the copy (RFC 3339), LabelMaker who made it.
	LabelRun     = "io.stackctl.run"
	LabelBase    = "io.stackctl.run-of"
	LabelExpires = "io.stackctl.expires"
	LabelMaker   = "io.stackctl.made-by"
	// LabelReaper names, on a reaper and on its image, the program in it.
	LabelReaper = "io.stackctl.reaper"
)

// ownership is what the labels of an object say about who made it.
type ownership int

const (
	// ownedByNobody: no compose project at all.
	ownedByNobody ownership = iota
	// ownedByUs: this project, made by stackctl.
	ownedByUs
	// ownedByCompose: this project's name, made by another tool.
	ownedByCompose
	// ownedElsewhere: made by stackctl for another directory with the same
	// project name.
	ownedElsewhere
	// ownedByOther: another project.
	ownedByOther
)

// ownerOf reads who made an object from its labels.
func ownerOf(labels map[string]string, p *compose.Project) ownership {
	project, ok := labels[LabelProject]
	switch owner := labels[LabelOwner]; {
	case !ok:
		return ownedByNobody
	case project != p.Name:
		return ownedByOther
	case owner == "":
		return ownedByCompose
	case !p.Owns(owner):
		return ownedElsewhere
	default:
		return ownedByUs
	}
}

// projectLabels are on every object of the project.
func projectLabels(p *compose.Project) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, p.Labels)
	labels[LabelProject] = p.Name
	labels[LabelOwner] = p.ID()
	labels[LabelWorkingDir] = p.Dir
	if p.NamedDir != p.Dir {
		labels[LabelNamedDir] = p.NamedDir
	}
	if p.Host != "" {
		labels[LabelHost] = p.Host
	}
	return labels
}

// withLabels are the file's own labels and ours, which they cannot replace.
func withLabels(own types.Labels, ours map[string]string) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, own)
	maps.Copy(labels, ours)
	return labels
}

// containerLabels are the labels of replica number of s.
func containerLabels(p *compose.Project, s *compose.Service, number int, imageID, injected string) map[string]string {
	labels := withLabels(s.Labels, projectLabels(p))
	hash := s.Hash(p)
	labels[LabelService] = s.Name
	labels[LabelNumber] = strconv.Itoa(number)
	labels[LabelOneOff] = "False"
	labels[LabelComposeHash] = hash
	labels[LabelConfigFiles] = strings.Join(p.Given, ",")
	labels[LabelDependsOn] = dependsOnLabel(s)
	labels[LabelImage] = imageID
	labels[LabelHash] = hash
	labels[LabelFields] = encodeFields(s.Fields())
	if injected != "" {
		labels[LabelInjected] = injected
	}
	if s.IsJob(p) {
		labels[LabelRole] = "job"
	}
	return labels
}

// dependsOnLabel is docker compose's form: service:condition:restart, joined
// by commas.
func dependsOnLabel(s *compose.Service) string {
	var parts []string
	for _, name := range sortedKeys(s.DependsOn) {
		d := s.DependsOn[name]
		parts = append(parts, name+":"+d.Condition+":"+strconv.FormatBool(d.Restart))
	}
	return strings.Join(parts, ",")
}

func encodeFields(fields map[string]string) string {
	b, err := json.Marshal(fields)
	if err != nil { // a map of strings always encodes
		return "{}"
	}
	return string(b)
}

// decodeFields returns nil when the label is missing or not ours to read.
func decodeFields(label string) map[string]string {
	var fields map[string]string
	if json.Unmarshal([]byte(label), &fields) != nil {
		return nil
	}
	return fields
}
