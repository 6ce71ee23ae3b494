package compose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// YAMLOptions say how a project is printed.
type YAMLOptions struct {
	// ShowSecrets prints secret values; otherwise "[redacted]" stands for
	// each of them.
	ShowSecrets bool
}

const redacted = "[redacted]"

// YAML returns the resolved file: one compose file with every variable
// replaced, every file merged and every default written out. It can be read
// again: dollar signs are doubled.
func (p *Project) YAML(o YAMLOptions) ([]byte, error) {
	source := *p.Source
	source.Services = map[string]serviceConfig{}
	for name, service := range p.Services {
		source.Services[name] = service.ServiceConfig
	}
	var root yaml.Node
	if err := guard(func() error { return root.Encode(&source) }); err != nil {
		return nil, fmt.Errorf("print project %s: %w", p.Name, err)
	}
	r := printer{reveal: o.ShowSecrets, values: p.SecretValues()}
	r.node(&root, "")
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&root); err != nil {
		return nil, fmt.Errorf("print project %s: %w", p.Name, err)
	}
	return out.Bytes(), nil
}

// printer makes the values of a tree fit to be shown and read again.
type printer struct {
	reveal bool
	values []string
}

// node rewrites the values below n; key is that of the mapping around it.
func (r printer) node(n *yaml.Node, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		if key == "bind" {
			keepCreateHostPath(n)
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if (key == "environment" || key == "args") && n.Content[i+1].Kind == yaml.ScalarNode {
				r.variable(n.Content[i+1], name)
				continue
			}
			r.node(n.Content[i+1], name)
		}
	case yaml.SequenceNode:
		for _, entry := range n.Content {
			r.node(entry, key)
		}
	case yaml.ScalarNode:
		if n.Tag == "!!str" {
			n.Value = r.text(n.Value)
		}
	}
}

// keepCreateHostPath writes out what compose-go leaves out as its default: it
// is not the default here.
func keepCreateHostPath(bind *yaml.Node) {
	for i := 0; i+1 < len(bind.Content); i += 2 {
		if bind.Content[i].Value == "create_host_path" {
			return
		}
	}
	bind.Content = append(bind.Content,
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "create_host_path"},
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
}

// variable rewrites the value of an environment variable or build argument.
func (r printer) variable(n *yaml.Node, name string) {
	if !r.reveal && LooksSecret(name) && n.Tag != "!!null" && n.Value != "" {
		n.SetString(redacted)
		return
	}
	r.node(n, "")
}

func (r printer) text(text string) string {
	if !r.reveal {
		for _, password := range passwordsIn(text) {
			text = strings.ReplaceAll(text, ":"+password+"@", ":"+redacted+"@")
		}
		if slices.Contains(r.values, text) && len(text) > 3 {
			text = redacted
		}
		for _, value := range r.values {
			if len(value) >= minHidden {
				text = strings.ReplaceAll(text, value, redacted)
			}
		}
	}
	return strings.ReplaceAll(text, "$", "$$")
}
