package orchestrator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stackctl/stackctl/compose"
)

// replaceCause says why c cannot stay, down to the field; "" when it can.
func (p *planner) replaceCause(s *compose.Service, c Container) string {
	if p.Options.ForceRecreate {
		return "asked for by --force-recreate"
	}
	if why := p.brokenCause(s, c); why != "" {
		return why
	}
	if why := configCause(p.Project, s, c); why != "" {
		return why
	}
	if changes := limitChanges(s, c, p.Observed.Engine.Supports); len(changes) > 0 {
		return "changed behind the file: " + updatedText(changes)
	}
	if why := p.Pending[s.Name]; why != "" {
		return "image: " + why
	}
	if id := p.Images[s.Name].ID; id != "" && id != c.ImageID {
		return fmt.Sprintf("image %s: %s → %s", s.Image, shortID(c.ImageID), shortID(id))
	}
	return p.staleJob(s, c)
}

// configCause names the fields in which c differs from the file; "" for none.
func configCause(p *compose.Project, s *compose.Service, c Container) string {
	if madeOf(p, s, c) {
		return movedMount(p, c)
	}
	old := decodeFields(c.Labels[LabelFields])
	if old == nil {
		return "configuration changed"
	}
	if changes := fieldChanges(old, s.Fields()); len(changes) > 0 {
		return strings.Join(changes, ", ")
	}
	return "the content of a mounted secret or config, or of a network or volume it uses, changed"
}

// madeOf says whether c was made of the configuration of s, by this release or one
// before.
func madeOf(p *compose.Project, s *compose.Service, c Container) bool {
	hash := c.Labels[LabelHash]
	return hash == s.Hash(p) || c.Labels[LabelNamedDir] == "" && p.NamedDir != p.Dir && hash == s.FormerHash(p)
}

// movedMount names a file that c mounts from the directory in which it was made,
// where that is another one than the project's now: the file of a secret, say,
// whose path is no part of the configuration. Such a container does not start
// again once that directory is gone. "" for none.
func movedMount(p *compose.Project, c Container) string {
	made := c.Labels[LabelWorkingDir]
	if made == "" || made == p.Dir {
		return ""
	}
	for _, m := range c.Mounts {
		// An engine in a virtual machine has the host's files below a directory
		// of its own.
		if m.Type == "bind" && strings.Contains(m.Source+"/", made+"/") {
			return fmt.Sprintf("it mounts %s, and the project is in %s now", m.Source, p.Dir)
		}
	}
	return ""
}

// definitionCause names the fields in which a network or volume differs from
// the file, as far as its labels tell.
func definitionCause(labels, now map[string]string) string {
	const changed = "its definition in the file changed"
	if changes := fieldChanges(decodeFields(labels[LabelFields]), now); labels[LabelFields] != "" && len(changes) > 0 {
		return changed + " (" + strings.Join(changes, ", ") + ")"
	}
	return changed
}

// FieldChange is one field in which what runs differs from the file.
type FieldChange struct {
	// Field is its path in the file, e.g. environment.PORT.
	Field string
	// Old is what runs, New what the file says; nil where there is none. A
	// secret is a digest.
	Old, New *string
}

func (c FieldChange) String() string {
	switch {
	case c.New == nil:
		return fmt.Sprintf("%s %s removed", c.Field, quoted(*c.Old))
	case c.Old == nil:
		return fmt.Sprintf("%s %s added", c.Field, quoted(*c.New))
	default:
		return fmt.Sprintf("%s %s → %s", c.Field, quoted(*c.Old), quoted(*c.New))
	}
}

// changesBetween lists what differs between two flat configurations, in the
// order of the field names.
func changesBetween(old, now map[string]string) []FieldChange {
	var changes []FieldChange
	for _, key := range sortedKeys(old) {
		was := old[key]
		if is, ok := now[key]; !ok {
			changes = append(changes, FieldChange{Field: key, Old: &was})
		} else if is != was {
			changes = append(changes, FieldChange{Field: key, Old: &was, New: &is})
		}
	}
	for _, key := range sortedKeys(now) {
		if _, ok := old[key]; !ok {
			is := now[key]
			changes = append(changes, FieldChange{Field: key, New: &is})
		}
	}
	slices.SortStableFunc(changes, func(a, b FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return changes
}

// quoted is a field's value as a file has it: a command is a list of words,
// quoted already, anything else is one.
func quoted(value string) string {
	rest, ok := strings.CutPrefix(value, "[")
	rest, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed {
		return strconv.Quote(value)
	}
	var words []string
	for rest != "" {
		word, err := strconv.QuotedPrefix(rest)
		if err != nil || word[0] != '"' {
			return strconv.Quote(value)
		}
		words = append(words, word)
		rest = strings.TrimPrefix(rest[len(word):], " ")
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// maxChanges bounds how many fields a cause names that is told in passing; the
// create action of a plan has all of them.
const maxChanges = 4

// fieldChanges lists what differs between two flat configurations in words, at
// most maxChanges and how many more.
func fieldChanges(old, now map[string]string) []string {
	var words []string
	for _, c := range changesBetween(old, now) {
		words = append(words, c.String())
	}
	if more := len(words) - maxChanges; more > 0 {
		words = append(words[:maxChanges], fmt.Sprintf("and %d more", more))
	}
	return words
}

// changesOf are all fields in which c differs from the file, as far as its
// labels tell.
func (p *planner) changesOf(s *compose.Service, c *Container) []FieldChange {
	if c == nil {
		return nil
	}
	if old := decodeFields(c.Labels[LabelFields]); old != nil && !madeOf(p.Project, s, *c) {
		return changesBetween(old, s.Fields())
	}
	return limitChanges(s, *c, p.Observed.Engine.Supports)
}

// brokenCause says why c can never serve as it is, whatever the file says: a
// start that failed leaves a container without network or ports
// (moby#51758), and a dead one cannot be started.
func (p *planner) brokenCause(s *compose.Service, c Container) string {
	switch {
	case c.State == StateDead || c.State == StateRemoving:
		return "its state is " + string(c.State)
	case c.State == StateCreated && c.StartError != "":
		return "its last start failed"
	case c.State == StateCreated && c.StartCut:
		return "its last start was cut off"
	}
	if what, _ := p.usesRenewed(c); what != "" {
		return "its " + what + " is made anew"
	}
	for _, key := range sortedKeys(s.Networks) {
		if problem := p.networkProblem(s, key, c); problem != "" {
			return problem
		}
	}
	if stale, ok := staleShareOf(s, c, p.counting, p.Observed.Containers); ok && stale.replaced {
		return stale.String()
	}
	for _, joined := range joins(s) {
		if p.created[joined] != "" {
			return fmt.Sprintf("it shares a namespace with %s, which is replaced", joined)
		}
		if stays := p.stays[joined]; len(stays) > 0 && newer(stays[0].Created, c.Created) && SharesNamespace(s, joined) {
			return fmt.Sprintf("it shares a namespace with %s, which was replaced", joined)
		}
	}
	return ""
}

// counting are the containers of a service that count as its replicas now.
func (p *planner) counting(service string) []Container {
	return slices.DeleteFunc(slices.Clone(p.ours[service]), func(c Container) bool { return leftover(c.Name) })
}

// networkProblem says how the place of c, a container of s, is wrong in the network
// that the file calls key.
func (p *planner) networkProblem(s *compose.Service, key string, c Container) string {
	name := p.Project.Networks[key].Name
	i := slices.IndexFunc(c.Endpoints, func(e Endpoint) bool { return e.Network == name })
	if i < 0 {
		return fmt.Sprintf("not connected to network %s", name)
	}
	n := p.network(name)
	if n == nil {
		return fmt.Sprintf("its network %s is gone", name)
	}
	if id := c.Endpoints[i].NetworkID; id != "" && id != n.ID {
		return fmt.Sprintf("its network %s was replaced", name)
	}
	return lostName(s, key, c.Endpoints[i])
}

// staleJob says why the success of a job that ended no longer stands.
func (p *planner) staleJob(s *compose.Service, c Container) string {
	if !p.mayEnd(s) || c.State != StateExited {
		return ""
	}
	if !succeeded(c) {
		return fmt.Sprintf("the job ended with code %d", c.ExitCode)
	}
	for _, dep := range sortedKeys(s.DependsOn) {
		if p.changed[dep] == "created" || p.created[dep] != "" {
			return fmt.Sprintf("%s, which the job depends on, is new", dep)
		}
	}
	if file := newerFile(p.Project, s, c); file != "" {
		return file
	}
	return staleEnd(p.Project, s, c.FinishedAt, func(service string) []Container { return p.ours[service] }, p.volume)
}

// shortID is the first twelve digits of an ID.
func shortID(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	if len(id) > 12 {
		return id[:12]
	}
	return id
}
