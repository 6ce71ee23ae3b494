package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Need is something in the file that only newer engines can do, and that older
// ones would leave out without a word.
type Need struct {
	// Key is its path in the file, e.g. services.api.annotations.
	Key string
	// API is the oldest engine API that can do it.
	API string

	at path
}

// Needs lists what of the service older engines cannot do. Where they can do
// without, as with start_interval, nothing is listed.
func (s *Service) Needs() []Need {
	var needs []Need
	add := func(api string, keys ...string) {
		at := append(path{"services", s.Name}, keys...)
		needs = append(needs, Need{Key: at.String(), API: api, at: at})
	}
	if len(s.Annotations) > 0 {
		add("1.43", "annotations")
	}
	for i, key := range s.NetworksByPriority() {
		n := s.Networks[key]
		if n == nil {
			continue
		}
		if n.InterfaceName != "" {
			add("1.49", "networks", key, "interface_name")
		}
		if n.GatewayPriority != 0 {
			add("1.48", "networks", key, "gw_priority")
		}
		if n.MacAddress != "" && i > 0 {
			add("1.44", "networks", key, "mac_address")
		}
	}
	for i, v := range s.Volumes {
		if v.Type == types.VolumeTypeImage {
			add("1.48", "volumes", item(i), "type")
		}
		if v.Volume != nil && v.Volume.Subpath != "" {
			add("1.45", "volumes", item(i), "volume", "subpath")
		}
		if v.Bind != nil && (v.Bind.Recursive == "writable" || v.Bind.Recursive == "readonly") {
			add("1.44", "volumes", item(i), "bind", "recursive")
		}
	}
	return needs
}

// needs lists what of the networks and services older engines cannot do.
func (p *Project) needs() []Need {
	var needs []Need
	for _, name := range p.ServiceNames() {
		needs = append(needs, p.Services[name].Needs()...)
	}
	for key, n := range p.Networks {
		if n.EnableIPv4 != nil && !*n.EnableIPv4 && !bool(n.External) {
			at := path{"networks", key, "enable_ipv4"}
			needs = append(needs, Need{Key: at.String(), API: "1.48", at: at})
		}
	}
	return needs
}

// TooNew says what of the file an engine that speaks this API, e.g. "1.41",
// cannot do and where it stands, as an error of class Config with a
// *ProblemsError; nil when it can do all. It is pure.
func (p *Project) TooNew(api string) error {
	ps := &problems{order: p.Files}
	for _, n := range p.needs() {
		if AtLeast(api, n.API) {
			continue
		}
		at := Problem{Key: n.Key}
		if p.sources != nil {
			ps.base = p.sources.ps.base
			at = p.sources.problem(n.at, "", "")
		}
		at.Message = fmt.Sprintf("needs an engine with API %s; this one speaks %s", n.API, api)
		at.Remedy = "remove it from the file, or use a newer engine"
		ps.add(at)
	}
	return ps.err()
}

// AtLeast compares two versions of the engine's API, e.g. "1.9" and "1.41".
func AtLeast(api, oldest string) bool {
	return slices.CompareFunc(strings.Split(api, "."), strings.Split(oldest, "."), func(a, b string) int {
		m, _ := strconv.Atoi(a)
		n, _ := strconv.Atoi(b)
		return cmp.Compare(m, n)
	}) >= 0
}
