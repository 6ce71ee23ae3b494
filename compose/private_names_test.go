package compose

import (
	"slices"
	"strings"
	"testing"
)

const onSharedNetwork = `
name: shop
services:
  api:
    image: api
    container_name: live-api
    hostname: the-api
    labels: {traefik.enable: "true", owner: us}
    networks: {proxy: {aliases: [api.internal], ipv4_address: 10.8.0.9}}
  web: {image: web, networks: [proxy, back]}
  db: {image: db, networks: [back]}
networks:
  proxy: {external: true, name: the-proxy}
  back: {}
`

func TestACopyTakesNoNameOnANetworkThatItShares(t *testing.T) {
	t.Parallel()
	p, err := loadDir(t, map[string]string{"compose.yaml": onSharedNetwork}, Options{Name: "shop-1"})
	if err != nil {
		t.Fatal(err)
	}
	c := p.Private("shop", nil)
	for _, name := range []string{"api", "web"} {
		at := c.Services[name].Networks["proxy"]
		if at.Ipv4Address != "" || at.ServiceNameAliasEnabled() || !slices.Equal(at.Aliases, []string{name + ".shop-1"}) {
			t.Errorf("%s has the address %q and the names %v in the shared network, its own %t", name, at.Ipv4Address, at.Aliases, at.ServiceNameAliasEnabled())
		}
	}
	if at := c.Services["db"].Networks["back"]; !at.ServiceNameAliasEnabled() {
		t.Error("db is not found by its name in the copy's own network")
	}
	links := c.Services["web"].ExternalLinks
	for _, link := range []string{"api.shop-1:api", "api.shop-1:api.internal", "api.shop-1:live-api", "api.shop-1:the-api", "web.shop-1:web", "db.shop-1:db"} {
		if !slices.Contains(links, link) {
			t.Errorf("web lacks the link %s: %v", link, links)
		}
	}
	client := c.Client("client")
	if !slices.Contains(client.ExternalLinks, "api.shop-1:api") || client.Networks["proxy"].ServiceNameAliasEnabled() {
		t.Errorf("a client has the links %v and %v in the shared network", client.ExternalLinks, client.Networks["proxy"])
	}
	if len(c.Services["db"].ExternalLinks) != 0 {
		t.Errorf("db, which nobody outside shares a network with, has links: %v", c.Services["db"].ExternalLinks)
	}
	if host := c.Services["api"].Hostname; host != "the-api-shop-1" {
		t.Errorf("api is the host %q, which the network of both would know", host)
	}
	if labels := c.Services["api"].Labels; labels["traefik.enable"] != "" || labels["owner"] != "us" {
		t.Errorf("the labels are %v", labels)
	}
}

func TestACopyKeepsTheLabelsThatItsOwnProxyReads(t *testing.T) {
	t.Parallel()
	file := onSharedNetwork[:strings.Index(onSharedNetwork, "networks:\n  proxy")] +
		"  edge: {image: traefik, volumes: [\"/var/run/docker.sock:/var/run/docker.sock:ro\"]}\n" +
		onSharedNetwork[strings.Index(onSharedNetwork, "networks:\n  proxy"):]
	p, err := loadDir(t, map[string]string{"compose.yaml": file}, Options{Name: "shop-1"})
	if err != nil {
		t.Fatal(err)
	}
	c := p.Private("shop", nil)
	if c.Services["api"].Labels["traefik.enable"] != "true" {
		t.Error("the copy's own proxy does not find api")
	}
	var said strings.Builder
	for _, w := range c.Warnings {
		said.WriteString(w.Service + ": " + w.Message + "\n")
	}
	for _, words := range []string{"api: a proxy outside of the copy", "edge: it has the engine's socket"} {
		if !strings.Contains(said.String(), words) {
			t.Errorf("%q is not said:\n%s", words, said.String())
		}
	}
}
