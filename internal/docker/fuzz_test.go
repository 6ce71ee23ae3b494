package docker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/images"
)

func FuzzTheVerdictOnAnyInspectAnswerIsNeverHealthyForNothing(f *testing.F) {
	f.Add(fullInspect)
	f.Add(strings.NewReplacer(`"restarting"`, `"running"`, `"unhealthy"`, `"healthy"`, `"ExitCode":-1`, `"ExitCode":0`).Replace(fullInspect))
	f.Add(`{"Id":"c1","State":{"Status":"running","StartedAt":"2026-01-02T03:04:06Z","Health":{"Status":"healthy"}},"Config":{"Healthcheck":{"Test":["CMD","x"]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := decoded(text)
		if err != nil {
			return
		}
		now := time.Date(2026, 1, 2, 3, 4, 10, 0, time.UTC)
		v := healthchecks.Judge(healthchecks.Subject{
			Check: c.Check, Health: c.Health, StartInterval: true,
			Facts: healthchecks.Facts{State: string(c.State), StartedAt: c.StartedAt},
		}, now)
		if !v.State.Proven() {
			return
		}
		var said container.InspectResponse
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Fatal(err)
		}
		switch {
		case said.State == nil, said.State.Status != container.StateRunning:
			t.Errorf("%s without the state running", v.State)
		case said.State.Health == nil, said.State.Health.Status != container.Healthy:
			t.Errorf("%s without the health healthy", v.State)
		case len(said.State.Health.Log) == 0:
			t.Errorf("%s without a probe", v.State)
		case said.Config == nil || said.Config.Healthcheck == nil:
			t.Errorf("%s without a healthcheck", v.State)
		}
	})
}

func FuzzAPullIsOnlyDoneWhenItSaysSo(f *testing.F) {
	f.Add("{\"status\":\"Pulling\"}\r\n{\"status\":\"Status: Downloaded newer image for x\"}\r\n")
	f.Add(`{"errorDetail":{"code":404,"message":"no"},"error":"no"}`)
	f.Add(`{"status":"x","progressDetail":{"current":1,"total":2},"id":"a"}`)
	f.Add(`<html>`)
	f.Fuzz(func(t *testing.T, text string) {
		err := readPull(strings.NewReader(text), true, func(images.PullProgress) {})
		if err == nil && !strings.Contains(text, "Status: ") && !strings.Contains(text, `\u`) {
			t.Errorf("%q is called a pull that was done", text)
		}
	})
}

func FuzzABuildIsOnlyDoneWhenItNamesItsImage(f *testing.F) {
	f.Add("{\"stream\":\"Step 1\\n\"}\n{\"aux\":{\"ID\":\"sha256:1\"}}\n")
	f.Add(`{"errorDetail":{"message":"no"}}`)
	f.Add(`{"aux":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		id, err := readBuild(strings.NewReader(text), func(line string) {
			if strings.HasSuffix(line, "\n") {
				t.Errorf("%q is more than a line", line)
			}
		})
		if (err == nil) != (id != "") {
			t.Errorf("image %q and error %v", id, err)
		}
	})
}
