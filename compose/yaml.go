package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackctl/stackctl/internal/sanitize"
	"gopkg.in/yaml.v3"
)

// PrintOptions say how a project is printed.
type PrintOptions struct {
	// ShowSecrets prints secret values; otherwise "[redacted]" stands for
	// each of them.
	ShowSecrets bool
}

// YAML returns the resolved file: one compose file with every variable
// replaced, every file merged and every default written out. Read again it is
// the same project: dollar signs are doubled, and every string is written such
// that it comes back as it is.
func (p *Project) YAML(o PrintOptions) ([]byte, error) {
	root, err := p.document(o)
	if err != nil {
		return nil, err
	}
	var w writer
	w.block(root, 0, false)
	return []byte(w.String()), nil
}

// JSON is YAML in the form of JSON.
func (p *Project) JSON(o PrintOptions) ([]byte, error) {
	root, err := p.document(o)
	if err != nil {
		return nil, err
	}
	var w writer
	if err := w.json(root, "\n"); err != nil {
		return nil, fmt.Errorf("print project %s: %w", p.Name, err)
	}
	return []byte(w.String() + "\n"), nil
}

// document is the resolved file as a tree that is fit to be shown.
func (p *Project) document(o PrintOptions) (*yaml.Node, error) {
	source := *p.Source
	source.Services = map[string]serviceConfig{}
	for name, service := range p.Services {
		source.Services[name] = service.ServiceConfig
	}
	var root *yaml.Node
	err := guard(func() (err error) {
		root, err = toNode(&source)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("print project %s: %w", p.Name, err)
	}
	for _, service := range entriesOf(entryOf(root, "services")) {
		sortKeys(service.value)
		if volumes := entryOf(service.value, "volumes"); volumes != nil {
			for _, volume := range volumes.Content {
				p.keepCreateHostPath(service.key, volume)
			}
		}
	}
	for _, config := range entriesOf(entryOf(root, "configs")) {
		keepContent(config.value)
	}
	r := printer{}
	if !o.ShowSecrets {
		r.redactor = sanitize.NewRedactor(p.SecretValues(), nil, p.PublicNames()...)
	}
	r.node(root)
	return root, nil
}

// printer makes the values of a tree fit to be shown and read again. Names,
// the keys first of all, stay as they are.
type printer struct {
	// redactor is nil where secrets are shown.
	redactor *sanitize.Redactor
}

// node rewrites the values below n.
func (r printer) node(n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for _, e := range entriesOf(n) {
			if e.value.Kind == yaml.ScalarNode && r.redactor != nil && LooksSecret(e.key) && e.value.Tag != "!!null" && e.value.Value != "" {
				e.value.Tag, e.value.Value = "!!str", sanitize.Redacted
				continue
			}
			r.node(e.value)
		}
	case yaml.SequenceNode:
		if r.redactor != nil {
			redactWords(n.Content)
		}
		for _, entry := range n.Content {
			r.node(entry)
		}
	case yaml.ScalarNode:
		if text, ok := textOf(n); ok {
			*n = *stringNode(strings.ReplaceAll(r.text(text), "$", "$$"))
		}
	}
}

// text is a value without the secrets in it.
func (r printer) text(text string) string {
	if r.redactor == nil {
		return text
	}
	for _, password := range passwordsIn(text) {
		text = strings.ReplaceAll(text, ":"+password+"@", ":"+sanitize.Redacted+"@")
	}
	return r.redactor.Redact(text)
}

// redactWords takes out of a list what its options and assignments give to
// names that look secret, where it is too short to be looked for everywhere.
func redactWords(list []*yaml.Node) {
	words := make([]string, len(list))
	for i, word := range list {
		words[i] = word.Value
	}
	for _, value := range secretsInCommand(words) {
		if len(value) >= sanitize.MinSecret || value == "" {
			continue
		}
		for i, word := range list {
			switch {
			case word.Kind != yaml.ScalarNode:
			case word.Value == value && i > 0 && isOption(words[i-1]):
				word.Value = sanitize.Redacted
			default:
				word.Value = redactAssigned(word.Value, value)
			}
		}
	}
}

// redactAssigned redacts a value where something is assigned to it, with a
// sign or a blank and perhaps quotes between them.
func redactAssigned(text, value string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, value)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if assignsTo(before) && (after == "" || strings.ContainsAny(after[:1], "\"' \t\n;&|()")) {
			out.WriteString(sanitize.Redacted)
		} else {
			out.WriteString(value)
		}
		text = after
	}
}

// assignsTo says whether a text ends in an option or an assignment whose name
// looks secret: what follows is its value.
func assignsTo(text string) bool {
	name := strings.TrimRight(text, `"'`)
	bare := strings.TrimRight(name, "= ")
	if bare == name {
		return false
	}
	bare = bare[strings.LastIndexAny(bare, " \t\n;&|(\"'")+1:]
	return LooksSecret(strings.ReplaceAll(bare, "-", "_"))
}

// keepCreateHostPath writes create_host_path where the file says it, and only
// there: what is not said is decided when the stack is brought up.
func (p *Project) keepCreateHostPath(service string, volume *yaml.Node) {
	bind := entryOf(volume, "bind")
	if bind == nil {
		return
	}
	target := entryOf(volume, "target")
	switch create := entryOf(bind, "create_host_path"); {
	case create == nil: // compose-go leaves out true
		bind.Content = append(bind.Content, scalarNode("!!str", "create_host_path"), scalarNode("!!bool", "true"))
	case p.sources != nil && target != nil && !p.sources.saysCreate(service, target.Value, false):
		withoutEntry(bind, "create_host_path")
	}
	if len(bind.Content) == 0 {
		withoutEntry(volume, "bind")
	}
}

// withoutEntry takes a key out of a mapping.
func withoutEntry(mapping *yaml.Node, key string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// keepContent writes out that the content of a config is empty: it must have
// some source.
func keepContent(config *yaml.Node) {
	for _, key := range []string{"content", "file", "environment", "external"} {
		if entryOf(config, key) != nil {
			return
		}
	}
	config.Content = append(config.Content, scalarNode("!!str", "content"), scalarNode("!!str", ""))
}

// entry is one of a mapping.
type entry struct {
	key   string
	value *yaml.Node
}

func entriesOf(mapping *yaml.Node) []entry {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	entries := make([]entry, 0, len(mapping.Content)/2)
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		entries = append(entries, entry{mapping.Content[i].Value, mapping.Content[i+1]})
	}
	return entries
}

// entryOf is the value of a key, nil where there is none.
func entryOf(mapping *yaml.Node, key string) *yaml.Node {
	for _, e := range entriesOf(mapping) {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// sortKeys puts the entries of a mapping in the order of their keys.
func sortKeys(mapping *yaml.Node) {
	entries := entriesOf(mapping)
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	mapping.Content = mapping.Content[:0]
	for _, e := range entries {
		mapping.Content = append(mapping.Content, scalarNode("!!str", e.key), e.value)
	}
}
