package docker

import (
	"errors"
	"strings"
	"testing"
)

func TestALackIsKnownByTheWholeErrorAndNotByAWordOfIt(t *testing.T) {
	for text, want := range map[string]string{
		// Engine 20.10, then 28.5.
		"Error starting userland proxy: listen tcp4 127.0.0.1:45997: bind: address already in use": "port 45997 is in use",
		"failed to bind host port for 127.0.0.1:45997:10.28.0.2:80/tcp: address already in use":    "port 45997 is in use",
		"Bind for 127.0.0.1:45998 failed: port is already allocated":                               "port 45998 is in use",
		"Address already in use": "fixed address",
		"failed to set up container networking: Address already in use":                                              "fixed address",
		"Pool overlaps with other one on this address space":                                                         "subnet",
		"invalid pool request: Pool overlaps with other one on this address space":                                   "subnet",
		"could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network": "address pool",
		"all predefined address pools have been fully subnetted":                                                     "address pool",
		"listen tcp4 0.0.0.0:80: bind: permission denied":                                                            "without root",
		"write /var/lib/docker/tmp/x: no space left on device":                                                       "disk is full",

		"failed to start shim: listen unix /run/containerd/s/1: bind: address already in use": "",
		"error mounting /x: mount --bind: permission denied":                                  "",
		"write /sys/fs/cgroup/cpuset/docker/x/cpuset.cpus: no space left on device":           "",
		"inotify_add_watch /x: no space left on device":                                       "",
		"listen tcp4 192.0.2.7:45996: bind: cannot assign requested address":                  "",
	} {
		hint := ""
		if known := explainResource(errors.New(text)); known != nil {
			hint = known.hint
		}
		if (hint == "") != (want == "") || !strings.Contains(hint, want) {
			t.Errorf("%s: %q", text, hint)
		}
	}
}

func TestAPullThatFailsIsKnownByTheWholeErrorAndNotByAWordOfIt(t *testing.T) {
	for text, want := range map[string]string{
		"pull access denied for x/y, repository does not exist or may require 'docker login': denied: requested access to the resource is denied": "docker login",
		"Head \"https://r/v2/x/manifests/1\": unauthorized: authentication required":                                                              "docker login",
		"no basic auth credentials":                                                                         "docker login",
		"toomanyrequests: You have reached your pull rate limit":                                            "limits the rate",
		"manifest for busybox:nope not found: manifest unknown: manifest unknown":                           "name and tag",
		"failed to resolve reference \"docker.io/library/x:1\": docker.io/library/x:1: not found":           "name and tag",
		"no matching manifest for linux/arm64 in the manifest list entries":                                 "platform",
		"Get \"https://nosuch.invalid/v2/\": dial tcp: lookup nosuch.invalid on 10.0.0.53:53: no such host": "DNS",
		"failed to register layer: write /usr/bin/x: no space left on device":                               "disk is full",
		"failed to register layer: mkdir /x: permission denied":                                             "",
		"error creating temporary lease: read-only file system: file not found in cache":                    "",
		"unexpected EOF": "",
	} {
		if hint := pullHint(errors.New(text)); (hint == "") != (want == "") || !strings.Contains(hint, want) {
			t.Errorf("%s: %q", text, hint)
		}
	}
}
