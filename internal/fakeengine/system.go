package fakeengine

import (
	"net/http"
	"time"
)

func (e *Engine) ping(Call) reply {
	return reply{status: http.StatusOK, raw: []byte("OK"), header: map[string]string{"Ostype": "linux"}}
}

func (e *Engine) version(Call) reply {
	component := "Engine"
	if e.kind.Podman {
		component = "Podman Engine"
	}
	return ok(map[string]any{
		"Version": e.kind.Version, "ApiVersion": e.kind.API, "MinAPIVersion": e.kind.MinAPI, "Os": "linux", "Arch": "amd64",
		"Components": []map[string]string{{"Name": component, "Version": e.kind.Version}},
	})
}

func (e *Engine) info(Call) reply {
	id := e.identity
	if e.kind.Podman { // which makes up another one each time
		id = e.newID()
	}
	return ok(map[string]any{
		"ID": id, "Name": "fake", "DockerRootDir": "/var/lib/" + e.identity, "ServerVersion": e.kind.Version, "OSType": "linux", "Architecture": "x86_64",
		"SystemTime": e.now().Format(time.RFC3339Nano), "SecurityOptions": []string{"name=seccomp,profile=default"},
	})
}
