package compose

import (
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

var errNotUnicode = errors.New("a value is not text, which JSON cannot hold: print it as YAML")

// json writes a tree as JSON; line begins each line of what is around it.
func (w *writer) json(n *yaml.Node, line string) error {
	switch {
	case n.Kind != yaml.ScalarNode:
		return w.jsonEntries(n, line)
	case n.Tag == "!!binary":
		text, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil || !utf8.Valid(text) {
			return errNotUnicode
		}
		w.WriteString(quoted(string(text)))
	case n.Tag == "!!str":
		w.WriteString(quoted(n.Value))
	default:
		w.WriteString(n.Value)
	}
	return nil
}

func (w *writer) jsonEntries(n *yaml.Node, line string) error {
	begin, end, step := "[", "]", 1
	if n.Kind == yaml.MappingNode {
		begin, end, step = "{", "}", 2
	}
	w.WriteString(begin)
	for i := 0; i+step <= len(n.Content); i += step {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(line + "  ")
		if step == 2 {
			fmt.Fprintf(w, "%s: ", quoted(n.Content[i].Value))
		}
		if err := w.json(n.Content[i+step-1], line+"  "); err != nil {
			return err
		}
	}
	if len(n.Content) > 0 {
		w.WriteString(line)
	}
	w.WriteString(end)
	return nil
}
