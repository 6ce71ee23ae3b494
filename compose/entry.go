package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
)

// entry finds where a value that stands in an element of a service's list is
// written. Its index in the merged project says nothing about that, where
// several files give the list, or one of its elements was left out: what tells
// the elements of the list apart does.
func (s *sources) entry(at path) (mark, bool) {
	i := slices.IndexFunc(at, func(part string) bool { return strings.HasPrefix(part, "\x01") })
	if i < 3 || at[0] != "services" || s.merged == nil {
		return mark{}, false
	}
	list, rest := at[2:i], at[i+1:]
	key := entryKey(list, valueAt(s.merged, at[:i+1]))
	if key == "" {
		return mark{}, false
	}
	for _, src := range s.byPrecedence() {
		if src.bases != nil {
			continue
		}
		service := at[1]
		for depth := 0; src != nil && depth < maxDepth; depth++ {
			below := append(path{"services", service}, list...)
			for j, entry := range asList(valueAt(src.tree, below)) {
				if slices.Contains(strings.Split(entryKey(list, entry), "\n"), key) {
					m, ok := src.marks[append(below.next(item(j)), rest...).id()]
					return m, ok
				}
			}
			src, service = s.base(src, service)
		}
	}
	return mark{}, false
}

// entryKey is what tells an element of a list from the others: a mount's
// target, a port. A range of ports has several, one a line.
func entryKey(list path, value any) string {
	field := func(name string) string {
		if value := child(value, name); value != nil {
			return fmt.Sprint(value)
		}
		return ""
	}
	text, isText := value.(string)
	switch list[len(list)-1] {
	case "volumes":
		if isText {
			mount, err := format.ParseVolume(text)
			if err != nil {
				return ""
			}
			return filepath.Clean(mount.Target)
		}
		return filepath.Clean(field("target"))
	case "ports":
		return portKey(value)
	case "devices":
		if parts := strings.Split(text, ":"); isText {
			return parts[min(1, len(parts)-1)]
		}
		return field("target")
	case "secrets", "configs":
		if isText {
			return text + " "
		}
		target := field("target")
		if target == field("source") || target == "/"+field("source") || target == "/run/secrets/"+field("source") {
			target = "" // as without one
		}
		return field("source") + " " + target
	case "env_file":
		if !isText {
			text = field("path")
		}
		return filepath.Base(text)
	}
	return fmt.Sprint(value)
}

func portKey(value any) string {
	var ports []types.ServicePortConfig
	if long, ok := value.(map[string]any); ok {
		target, _ := strconv.ParseUint(fmt.Sprint(long["target"]), 10, 16)
		port := types.ServicePortConfig{Target: uint32(target)}
		port.HostIP, _ = long["host_ip"].(string)
		port.Protocol, _ = long["protocol"].(string)
		if long["published"] != nil {
			port.Published = fmt.Sprint(long["published"])
		}
		ports = []types.ServicePortConfig{port}
	} else {
		ports, _ = types.ParsePortConfig(fmt.Sprint(value))
	}
	plainPorts(ports)
	keys := make([]string, len(ports))
	for i, port := range ports {
		keys[i] = portString(port)
	}
	return strings.Join(keys, "\n")
}
