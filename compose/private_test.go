package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// quarrelsome is a project full of what two copies of it would fight for.
const quarrelsome = `
name: shop
services:
  web:
    image: web
    container_name: the-web
    ports: ["127.0.0.1:8080:80", "9000-9001:9000-9001", "53:53/udp"]
    networks: {front: {ipv4_address: 10.9.0.7, aliases: [www]}, back: {}, given: {}}
  api:
    build: .
    networks: [back]
    volumes: ["data:/data", "disk:/disk", "theirs:/theirs", "./here:/here", "./read:/read:ro"]
  agent: {image: agent, network_mode: host}
networks:
  front: {name: the-front, ipam: {config: [{subnet: 10.9.0.0/24}]}, driver_opts: {com.docker.network.bridge.name: br-shop, mtu: "1400"}}
  back: {}
  given: {external: true, name: the-given}
volumes:
  data: {name: the-data}
  disk: {driver_opts: {type: none, o: bind, device: /srv/disk}}
  theirs: {external: true, name: the-theirs}
`

func loadQuarrelsome(t *testing.T, name string) *Project {
	t.Helper()
	p, err := loadDir(t, map[string]string{"compose.yaml": quarrelsome, "Dockerfile": "FROM scratch", "here/x": "", "read/x": ""}, Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPrivateCopyHasNothingFixedThatAnotherOneCouldWant(t *testing.T) {
	p := loadQuarrelsome(t, "shop-1")
	c := p.Private("shop", map[string]string{"run": "1"})
	web := c.Services["web"]
	for _, port := range web.Ports {
		if port.Published != "" {
			t.Errorf("port %d is published at %s", port.Target, port.Published)
		}
	}
	if web.Ports[0].HostIP != "127.0.0.1" {
		t.Errorf("the address of a port became %q", web.Ports[0].HostIP)
	}
	if web.ContainerName != "" || c.ContainerName("web", 1) != "shop-1-web-1" {
		t.Errorf("the container is called %q", c.ContainerName("web", 1))
	}
	front := web.Networks["front"]
	if front.Ipv4Address != "" || !slices.Equal(front.Aliases, []string{"www", "the-web", "web.shop-1"}) || !slices.Equal(web.Networks["back"].Aliases, []string{"the-web", "web.shop-1"}) {
		t.Errorf("in its networks it is %+v and %+v", front, web.Networks["back"])
	}
	if n := c.Networks["front"]; n.Name != "shop-1_front" || len(n.Ipam.Config) != 0 || !maps.Equal(n.DriverOpts, map[string]string{"mtu": "1400"}) {
		t.Errorf("a network with everything fixed became %+v", n)
	}
	if c.Volumes["data"].Name != "shop-1_data" || c.Volumes["theirs"].Name != "the-theirs" || c.Networks["given"].Name != "the-given" {
		t.Errorf("volumes %v, networks %v", c.Volumes, c.Networks)
	}
	if got := c.Services["api"].Image; got != "shop-api" {
		t.Errorf("a built image is called %q, so that every copy builds it again", got)
	}
	if c.Labels["run"] != "1" {
		t.Error("the copy's labels are missing")
	}
}

func TestAPortThatIsPublishedTwiceAtAnAddressIsPublishedThereOnceInACopy(t *testing.T) {
	for ports, want := range map[string]string{
		`["8080:80", "9090:80"]`:                                  ":80/tcp",
		`["127.0.0.1:8080:80", "9000-9003:80"]`:                   ":80/tcp",
		`["8080:80", "127.0.0.1:8081:80", "[::]:8082:80"]`:        ":80/tcp",
		`["0.0.0.0:8080:80", "127.0.0.1:8081:80", "[::1]:82:80"]`: "0.0.0.0:80/tcp ::1:80/tcp",
		`["[::]:8080:80", "0.0.0.0:8081:80", "[::1]:82:80"]`:      ":::80/tcp 0.0.0.0:80/tcp",
		`["127.0.0.1:8080:80", "127.0.0.2:8080:80"]`:              "127.0.0.1:80/tcp 127.0.0.2:80/tcp",
		`["8080:80", "8080:80/udp", "8081:81"]`:                   ":80/tcp :80/udp :81/tcp",
		`["8000-8001:80-81", "80"]`:                               ":80/tcp :81/tcp",
	} {
		p, err := loadDir(t, map[string]string{"compose.yaml": "name: shop\nservices: {web: {image: web, ports: " + ports + "}}"}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, port := range p.Private("shop", nil).Services["web"].Ports {
			got = append(got, fmt.Sprintf("%s:%d/%s", port.HostIP, port.Target, port.Protocol))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s became %s, want %s", ports, text, want)
		}
	}
}

func TestWhatACopySharesIsSaid(t *testing.T) {
	p := loadQuarrelsome(t, "shop-1")
	c := p.Private("shop", nil)
	var said []string
	for _, w := range c.Warnings[len(p.Warnings):] {
		said = append(said, w.Service+": "+w.Message)
	}
	text := strings.Join(said, "\n")
	for _, words := range []string{"the-given", "the-theirs", "/srv/disk", "/here", "agent: it is in the host's network"} {
		if !strings.Contains(text, words) {
			t.Errorf("nothing is said about %s:\n%s", words, text)
		}
	}
	if len(said) != 5 {
		t.Errorf("said is\n%s", text)
	}
}

func TestAPrivateCopyLeavesItsProjectAsItIs(t *testing.T) {
	p := loadQuarrelsome(t, "")
	before := p.Services["web"].Fields()
	p.Private("shop", nil)
	if after := p.Services["web"].Fields(); !maps.Equal(before, after) {
		t.Errorf("the service became %v", after)
	}
	if p.Networks["front"].Name != "the-front" || p.Networks["front"].DriverOpts[bridgeName] != "br-shop" || len(p.Networks["front"].Ipam.Config) != 1 {
		t.Errorf("the network became %+v", p.Networks["front"])
	}
}
