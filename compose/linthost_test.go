package compose

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestWhatGivesTheHostAwayIsAWarning(t *testing.T) {
	bind := func(source string) types.ContainerSpec {
		return types.ContainerSpec{Volumes: []types.ServiceVolumeConfig{{Type: types.VolumeTypeBind, Source: source}}}
	}
	for _, c := range []struct {
		config types.ContainerSpec
		want   string
	}{
		{types.ContainerSpec{Privileged: true, Pid: "host"}, "privileged, pid: host"},
		{bind("/"), "whole file system"},
		{bind("/var/run/docker.sock"), "socket"},
		{bind("/srv/data"), ""},
		{types.ContainerSpec{}, ""},
	} {
		got := strings.Join(lintHost(&Service{ServiceConfig: types.ServiceConfig{ContainerSpec: c.config}}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.config, got, c.want)
		}
	}
}
