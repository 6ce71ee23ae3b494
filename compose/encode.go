package compose

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// toNode returns a value of compose-go's model as a tree of YAML nodes. The
// library's own way writes text and reads it again, and not every string
// survives that: it loses a line end at the beginning of one, or fails.
func toNode(value any) (*yaml.Node, error) { return encodeValue(reflect.ValueOf(value)) }

func scalarNode(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

func stringNode(text string) *yaml.Node {
	if !utf8.ValidString(text) {
		return scalarNode("!!binary", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return scalarNode("!!str", text)
}

// textOf is the text that stringNode made a scalar of.
func textOf(scalar *yaml.Node) (string, bool) {
	if scalar.Tag != "!!binary" {
		return scalar.Value, scalar.Tag == "!!str"
	}
	text, err := base64.StdEncoding.DecodeString(scalar.Value)
	return string(text), err == nil
}

func encodeValue(v reflect.Value) (*yaml.Node, error) {
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return scalarNode("!!null", "null"), nil
	}
	switch own := v.Interface().(type) {
	case types.SSHConfig: // in no order, where it comes from a mapping
		keys := []types.SSHKey(slices.Clone(own))
		slices.SortFunc(keys, func(a, b types.SSHKey) int { return strings.Compare(a.ID, b.ID) })
		return encodeValue(reflect.ValueOf(keys))
	case types.SSHKey: // which compose-go prints as it cannot read it
		if own.Path == "" {
			return stringNode(own.ID), nil
		}
		return stringNode(own.ID + "=" + own.Path), nil
	case yaml.Marshaler:
		value, err := own.MarshalYAML()
		if err != nil {
			return nil, err
		}
		return encodeValue(reflect.ValueOf(value))
	case encoding.TextMarshaler:
		text, err := own.MarshalText()
		return stringNode(string(text)), err
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return encodeValue(v.Elem())
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		return n, encodeFields(v, n)
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		return n, encodeEntries(v, n)
	case reflect.Slice, reflect.Array:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			entry, err := encodeValue(v.Index(i))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, entry)
		}
		return n, nil
	}
	return encodeScalar(v)
}

func encodeScalar(v reflect.Value) (*yaml.Node, error) {
	switch {
	case v.Kind() == reflect.String:
		return stringNode(v.String()), nil
	case v.Kind() == reflect.Bool:
		return scalarNode("!!bool", strconv.FormatBool(v.Bool())), nil
	case v.CanInt():
		return scalarNode("!!int", strconv.FormatInt(v.Int(), 10)), nil
	case v.CanUint():
		return scalarNode("!!int", strconv.FormatUint(v.Uint(), 10)), nil
	case v.CanFloat():
		text := strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
		if strings.Trim(text, "-0123456789") == "" {
			return scalarNode("!!int", text), nil // as it reads
		}
		return scalarNode("!!float", text), nil
	}
	return nil, fmt.Errorf("a value of type %s cannot be printed", v.Type())
}

// encodeEntries adds the entries of a map to a mapping, sorted.
func encodeEntries(v reflect.Value, n *yaml.Node) error {
	entries := make(map[string]reflect.Value, v.Len())
	for at := v.MapRange(); at.Next(); {
		entries[fmt.Sprint(at.Key().Interface())] = at.Value()
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		entry, err := encodeValue(entries[key])
		if err != nil {
			return err
		}
		n.Content = append(n.Content, scalarNode("!!str", key), entry)
	}
	return nil
}

// field is one of a struct's, as its yaml tag has it.
type field struct {
	index             int
	name              string
	omitEmpty, inline bool
}

// encodeFields adds the fields of a struct to a mapping, those of the structs
// and maps that are inline among them.
func encodeFields(v reflect.Value, n *yaml.Node) error {
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		switch {
		case f.inline && value.Kind() == reflect.Map:
			if err := encodeEntries(value, n); err != nil {
				return err
			}
		case f.inline:
			if err := encodeFields(value, n); err != nil {
				return err
			}
		case f.omitEmpty && isEmpty(value):
		default:
			entry, err := encodeValue(value)
			if err != nil {
				return err
			}
			n.Content = append(n.Content, scalarNode("!!str", f.name), entry)
		}
	}
	return nil
}

//nolint:gochecknoglobals // what a type has never changes
var knownFields sync.Map

func fieldsOf(t reflect.Type) []field {
	if known, ok := knownFields.Load(t); ok {
		return known.([]field) //nolint:forcetypeassert // nothing else is stored
	}
	var fields []field
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("yaml")
		if tag == "-" || !t.Field(i).IsExported() {
			continue
		}
		parts := strings.Split(tag, ",")
		f := field{index: i, name: parts[0], omitEmpty: slices.Contains(parts, "omitempty"), inline: slices.Contains(parts, "inline")}
		if f.name == "" {
			f.name = strings.ToLower(t.Field(i).Name)
		}
		fields = append(fields, f)
	}
	knownFields.Store(t, fields)
	return fields
}

// isEmpty says whether a value is left out where its field may be.
func isEmpty(v reflect.Value) bool {
	isNil := (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil()
	if own, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return isNil || own.IsZero()
	}
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	}
	return v.IsZero()
}
