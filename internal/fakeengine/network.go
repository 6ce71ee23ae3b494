package fakeengine

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// network is one network; number and next give addresses.
type network struct {
	document     networkDocument
	number, next int
}

// networksNamed are the networks of a name or ID, oldest first.
func (e *Engine) networksNamed(ref string) []*network {
	if n := e.networks[ref]; n != nil {
		return []*network{n}
	}
	var out []*network
	for _, id := range slices.Sorted(maps.Keys(e.networks)) {
		if e.networks[id].document.Name == ref {
			out = append(out, e.networks[id])
		}
	}
	return out
}

func (e *Engine) createNetwork(c Call) reply {
	var want struct {
		networkDocument
		CheckDuplicate bool
	}
	if err := c.decode(&want); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	if len(e.networksNamed(want.Name)) > 0 && (!e.kind.DuplicateNetworks || want.CheckDuplicate) {
		return refusal(http.StatusConflict, "network with name "+want.Name+" already exists")
	}
	if e.pools > 0 && len(e.networks) >= e.pools {
		return refusal(http.StatusInternalServerError, e.kind.poolsText())
	}
	n := &network{document: want.networkDocument, number: len(e.networks) + e.made%100}
	n.document.ID, n.document.Created = e.newID(), e.now()
	if n.document.Driver == "" {
		n.document.Driver = "bridge"
	}
	e.networks[n.document.ID] = n
	return reply{status: http.StatusCreated, body: map[string]any{"Id": n.document.ID, "Warning": ""}}
}

// document is a network with its users.
func (e *Engine) document(n *network) networkDocument {
	out := n.document
	out.Containers = map[string]struct{ Name string }{}
	for id, c := range e.containers {
		for _, at := range c.networks {
			if at.NetworkID == out.ID && at.EndpointID != "" {
				out.Containers[id] = struct{ Name string }{c.name}
			}
		}
	}
	return out
}

func (e *Engine) listNetworks(c Call) reply {
	names := c.filter("name")
	out := []networkDocument{}
	for _, id := range slices.Sorted(maps.Keys(e.networks)) {
		n := e.networks[id]
		if len(names) > 0 && !slices.ContainsFunc(names, func(part string) bool { return strings.Contains(n.document.Name, part) }) {
			continue
		}
		out = append(out, n.document) // a list does not name the users
	}
	return ok(out)
}

func (e *Engine) inspectNetwork(c Call) reply {
	named := e.networksNamed(c.Target)
	switch len(named) {
	case 0:
		return refusal(http.StatusNotFound, "network "+c.Target+" not found")
	case 1:
		return ok(e.document(named[0]))
	}
	return refusal(http.StatusBadRequest, "network "+c.Target+" is ambiguous (2 matches found on name)")
}

func (e *Engine) removeNetwork(c Call) reply {
	named := e.networksNamed(c.Target)
	if len(named) == 0 {
		return refusal(http.StatusNotFound, "network "+c.Target+" not found")
	}
	n := named[0]
	if len(e.document(n).Containers) > 0 {
		return refusal(http.StatusForbidden, "error while removing network: network "+n.document.Name+" id "+n.document.ID+" has active endpoints")
	}
	delete(e.networks, n.document.ID)
	return reply{status: http.StatusNoContent}
}

func (e *Engine) connectNetwork(c Call) reply {
	var want struct {
		Container      string
		EndpointConfig *endpointSettings
	}
	if err := c.decode(&want); err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	found := e.find(want.Container)
	if found == nil {
		return noContainer(want.Container)
	}
	if found.networks[c.Target] != nil {
		return refusal(http.StatusForbidden, "endpoint with name "+found.name+" already exists in network "+c.Target)
	}
	if want.EndpointConfig == nil {
		want.EndpointConfig = &endpointSettings{}
	}
	name := c.Target
	if named := e.networksNamed(name); len(named) == 1 {
		name = named[0].document.Name
	}
	found.networks[name] = want.EndpointConfig
	return reply{status: http.StatusOK}
}
