package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// document is one parsed YAML document of a compose file; most have one. Its
// tree is bounded: the documents that passed parse have together at most
// maxNodes nodes and maxDepth levels with every alias expanded, and no node
// that holds itself.
type document struct {
	file string
	root *yaml.Node
}

// fault found in the text of a file, before it means anything.
type textFault struct {
	line, column    int
	key             path
	message, remedy string
}

// parse reads the text of one compose file: its documents, each of which goes
// over those before it as a further file would. A file that holds nothing, or
// comments alone, has none. The faults are all that can be
// found; with any, no document must be used further.
func parse(file string, text []byte) (docs []*document, faults []textFault) {
	defer func() {
		if r := recover(); r != nil {
			docs, faults = nil, []textFault{{message: fmt.Sprintf("the YAML cannot be read (%v)", r)}}
		}
	}()
	if faults := scanBytes(text); len(faults) > 0 {
		return nil, faults
	}
	if marks := countMarks(text); marks > maxNodes {
		return nil, []textFault{{message: fmt.Sprintf("%d marks like , : [ and line ends: more than %d values can be meant", marks, maxNodes),
			remedy: "move large contents into files of their own"}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	c := treeCheck{sizes: map[*yaml.Node]int{}}
	for total := 0; ; {
		var root yaml.Node
		err := decoder.Decode(&root)
		switch {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, []textFault{syntaxFault(text, err)}
		}
		doc := &document{file: file, root: root.Content[0]}
		if total += c.check(doc.root); total > maxNodes && len(c.faults) == 0 {
			c.tooMany(doc.root, nil)
		}
		if len(c.faults) > 0 {
			return nil, c.faults
		}
		docs = append(docs, doc)
	}
}

// check looks at the tree of one document and returns its size.
func (c *treeCheck) check(root *yaml.Node) int {
	size := c.visit(root, nil, 1)
	if len(c.faults) == 0 && resolveAlias(root).Kind != yaml.MappingNode {
		c.fault(root, nil, "the top level must be a mapping", "begin with services:")
	}
	return size
}

func (c *treeCheck) tooMany(n *yaml.Node, at path) {
	c.fault(n, at, fmt.Sprintf("more than %d values with its aliases expanded", maxNodes), "remove aliases of aliases")
}

// scanBytes finds what no compose file holds and what parsers stumble over.
func scanBytes(text []byte) []textFault {
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return []textFault{{line: 1, column: 1, message: "the file is UTF-16", remedy: "save it as UTF-8"}}
	}
	// What editors put before UTF-8 means nothing; anywhere else it is in the way.
	text = bytes.TrimPrefix(text, byteOrderMark)
	line, column := 1, 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		column++
		switch {
		case r == '\n':
			line, column = line+1, 0
		case r == utf8.RuneError && size == 1:
			return []textFault{{line: line, column: column, message: fmt.Sprintf("byte 0x%02x is not UTF-8", text[i]),
				remedy: "save the file as UTF-8"}}
		case r < ' ' && r != '\t' && r != '\r':
			return []textFault{{line: line, column: column, message: fmt.Sprintf("control character 0x%02x", r),
				remedy: "remove it"}}
		}
		i += size
	}
	return nil
}

//nolint:gochecknoglobals // never changed
var byteOrderMark = []byte("\xef\xbb\xbf")

// countMarks counts what separates values, before the parser makes nodes of
// them, each of which takes some hundred bytes.
func countMarks(text []byte) int {
	count := 0
	for _, c := range text {
		switch c {
		case ',', ':', '[', '{', '\n':
			count++
		}
	}
	return count
}

var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\s*)?line (\d+): (.*)`)

// syntaxFault says where a parser's error is. A tab in an indentation is what
// most of them come from, so it is looked for first.
func syntaxFault(text []byte, err error) textFault {
	// The parser leaves the first line out.
	f := textFault{line: 1, message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		f.line, _ = strconv.Atoi(m[1])
		f.message = m[2]
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if column := bytes.IndexByte(indent, '\t'); column >= 0 && len(indent) < len(line) {
			return textFault{line: i + 1, column: column + 1, message: "a tab in the indentation", remedy: "indent with spaces"}
		}
	}
	return f.closer(text)
}

const (
	noKey         = "did not find expected key"
	unknownAnchor = "unknown anchor '"
)

// closer is the fault at its own line, where the parser names that of the
// block around it, or none.
func (f textFault) closer(text []byte) textFault {
	lines := bytes.SplitAfter(text, []byte("\n"))
	switch {
	case f.message == noKey:
		// What the parser stumbles over, it stumbles over whatever follows.
		f.line = 1 + sort.Search(len(lines)-1, func(n int) bool {
			var root yaml.Node
			err := yaml.Unmarshal(bytes.Join(lines[:n+1], nil), &root)
			return err != nil && strings.HasSuffix(err.Error(), noKey)
		})
		f.message, f.remedy = "the indentation fits no key above", "indent the keys of one mapping alike"
	case strings.HasPrefix(f.message, unknownAnchor):
		name, _, _ := strings.Cut(strings.TrimPrefix(f.message, unknownAnchor), "'")
		for i, line := range lines {
			if column := bytes.Index(line, []byte("*"+name)); column >= 0 {
				f.line, f.column = i+1, column+1
				break
			}
		}
	}
	return f
}

// treeCheck walks a tree once, counting what it would be with every alias
// expanded.
type treeCheck struct {
	sizes  map[*yaml.Node]int
	faults []textFault
}

const (
	inProgress = -1
	overLimit  = maxNodes + 1
)

func (c *treeCheck) fault(n *yaml.Node, at path, message, remedy string) {
	c.faults = append(c.faults, textFault{line: n.Line, column: n.Column, key: at, message: message, remedy: remedy})
}

// visit returns the expanded size of n, at most overLimit.
func (c *treeCheck) visit(n *yaml.Node, at path, depth int) int {
	if size, seen := c.sizes[n]; seen {
		if size == inProgress {
			c.fault(n, at, "the alias holds itself", "remove it")
			return overLimit
		}
		return size
	}
	if depth > maxDepth {
		c.fault(n, at[:1], fmt.Sprintf("nested deeper than %d levels", maxDepth), "flatten it")
		return overLimit
	}
	c.sizes[n] = inProgress
	size := 1
	switch n.Kind {
	case yaml.AliasNode:
		size = c.visit(n.Alias, at, depth+1)
	case yaml.MappingNode:
		size += c.visitMapping(n, at, depth)
	case yaml.SequenceNode:
		for i, child := range n.Content {
			size += c.visit(child, at.next(item(i)), depth+1)
			if size > maxNodes {
				break
			}
		}
	}
	if size > maxNodes {
		if len(c.faults) == 0 {
			c.tooMany(n, at)
		}
		size = overLimit
	}
	c.sizes[n] = size
	return size
}

func (c *treeCheck) visitMapping(n *yaml.Node, at path, depth int) int {
	size := 0
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content) && size <= maxNodes; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		c.checkKey(key, at)
		here := at.next(key.Value)
		if first, ok := seen[key.Value]; ok && key.Kind == yaml.ScalarNode {
			c.fault(key, here, fmt.Sprintf("the key is already on line %d", first), "keep one of them")
		} else {
			seen[key.Value] = key.Line
		}
		size += 1 + c.visit(value, here, depth+1)
	}
	return size
}

func (c *treeCheck) checkKey(key *yaml.Node, at path) {
	switch {
	case key.Kind != yaml.ScalarNode:
		c.fault(key, at, "a key must be a plain string", "write it as a string")
	case key.ShortTag() != "!!str" && key.ShortTag() != "!!merge":
		c.fault(key, at, fmt.Sprintf("the key %s is not a string", key.Value), fmt.Sprintf("quote it: %q", key.Value))
	case strings.ContainsFunc(key.Value, func(r rune) bool { return r < ' ' }):
		c.fault(key, at, fmt.Sprintf("the key %q holds a control character", key.Value), "remove it")
	}
}

func resolveAlias(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
