package show

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/stackctl/stackctl/internal/cli/ci"
	"gopkg.in/yaml.v3"
)

// JSON is a document as indented JSON with a line break at its end.
func JSON(document any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(document)
	return ci.JSON(out.Bytes()), err
}

// YAML is the same document as YAML, its fields in the same order.
func YAML(document any) ([]byte, error) {
	text, err := JSON(document)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	block(&root)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&root); err != nil {
		return nil, err
	}
	err = encoder.Close()
	return ci.JSON(out.Bytes()), err // it is quoted wherever that matters
}

// block undoes the style of JSON: braces and needless quotes.
func block(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.SetString(n.Value)
		n.Style &^= yaml.DoubleQuotedStyle
		if strings.Contains(n.Value, "\n") || ci.Suspicious(n.Value) {
			n.Style |= yaml.DoubleQuotedStyle // on one line, which begins with a quote
		}
	}
	for _, child := range n.Content {
		block(child)
	}
}
