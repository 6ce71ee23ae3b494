package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestWhatIsFixedIsNotGivenToAnother(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	n, err := strconv.Atoi(port)
	must(t, err)
	// any comes first where nothing else decides, as many as are started at once,
	// and is given the first address and the first port.
	s := newStack(t, strings.NewReplacer("@CHECK@", "healthcheck: {test: [CMD, /testimage, check], interval: 1s}",
		"@SUBNET@", fmt.Sprintf("10.%d.%d", 200+n%40, n/40%250), "@RANGE@", fmt.Sprintf("%d-%d", n, n+8), "@PORT@", port).Replace(`
services:
  any: {image: IMAGE, scale: 8, networks: [net], ports: ["127.0.0.1:@RANGE@:8080"], @CHECK@}
  one: {image: IMAGE, networks: {net: {ipv4_address: @SUBNET@.2}}, ports: ["127.0.0.1:@PORT@:8080"], @CHECK@}
networks: {net: {ipam: {config: [{subnet: @SUBNET@.0/28}]}}}
`))
	s.expect(0, nil, "up", "--stable-for", "0")
	s.expect(0, []string{":" + port}, "port", "one", "8080")
	s.expect(0, nil, "stop")
	s.expect(0, nil, "start", "--stable-for", "0")
	s.expect(0, []string{":" + port}, "port", "one", "8080")
}
