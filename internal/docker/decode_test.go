package docker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/stackctl/stackctl/healthchecks"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// decoded turns the JSON of an inspect answer into a container.
func decoded(text string) (orchestrator.Container, error) {
	var said container.InspectResponse
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		return orchestrator.Container{}, err
	}
	return decodeContainer(said)
}

// fullInspect is an inspect answer with everything that is read.
const fullInspect = `{
 "Id":"c1","Name":"/app-web-1","Created":"2026-01-02T03:04:05.123456789Z","Image":"sha256:1","RestartCount":2,"Unknown":{"x":1},
 "State":{"Status":"restarting","Running":true,"Restarting":true,"OOMKilled":true,"Pid":7,"ExitCode":137,"Error":"boom",
  "StartedAt":"2026-01-02T03:04:06Z","FinishedAt":"0001-01-01T00:00:00Z",
  "Health":{"Status":"unhealthy","FailingStreak":3,"Log":[null,{"Start":"2026-01-02T03:04:07+01:00","End":"2026-01-02T03:04:08+01:00","ExitCode":-1,"Output":"late"}]}},
 "Config":{"Image":"web:1","Tty":true,"Env":["A=1"],
  "Labels":{"com.docker.compose.project":"app","com.docker.compose.service":"web","com.docker.compose.container-number":"3","com.docker.compose.oneoff":"True"},
  "Healthcheck":{"Test":["CMD","x"],"Interval":5000000000,"Timeout":1000000000,"StartPeriod":2000000000,"StartInterval":100000000,"Retries":4}},
 "HostConfig":{"NetworkMode":"app_default","Memory":1024,"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":5},
  "PortBindings":{"80/tcp":[{"HostIp":"","HostPort":""}],"53/udp":[{"HostIp":"127.0.0.1","HostPort":"5300-5310"}]}},
 "NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"32768"},{"HostIp":"::","HostPort":"32769"}],"53/udp":null},
  "Networks":{"app_default":{"NetworkID":"n1","EndpointID":"e1","IPAddress":"172.18.0.2","GlobalIPv6Address":"fd00::2","Aliases":["web"]},"odd":null}},
 "Mounts":[{"Type":"volume","Name":"data","Source":"/var/lib/x","Destination":"/data","RW":true}]}`

func TestAnInspectAnswerIsReadInFull(t *testing.T) {
	got, err := decoded(fullInspect)
	must(t, err)
	at := func(s string) time.Time { return parseTime(s) }
	same(t, "container", orchestrator.Container{
		ID: "c1", Name: "app-web-1", Project: "app", Service: "web", Number: 3, OneOff: true,
		Labels: map[string]string{
			orchestrator.LabelProject: "app", orchestrator.LabelService: "web", orchestrator.LabelNumber: "3", orchestrator.LabelOneOff: "True",
		},
		ImageID: "sha256:1", ImageRef: "web:1", Created: at("2026-01-02T03:04:05.123456789Z"),
		State: orchestrator.StateRestarting, ExitCode: 137, OOMKilled: true, StartError: "boom", StartedAt: at("2026-01-02T03:04:06Z"),
		RestartCount: 2, Pid: 7,
		Health: healthchecks.Health{Status: healthchecks.StatusUnhealthy, FailingStreak: 3, Log: []healthchecks.Result{{
			Start: at("2026-01-02T03:04:07+01:00"), End: at("2026-01-02T03:04:08+01:00"), ExitCode: -1, Output: "late",
		}}},
		Check: &healthchecks.Check{
			Test: []string{"CMD", "x"}, Interval: 5 * time.Second, Timeout: time.Second, StartPeriod: 2 * time.Second,
			StartInterval: 100 * time.Millisecond, Retries: 4,
		},
		RestartPolicy: "on-failure", MaxRetries: 5, Memory: 1024,
		Limits:      orchestrator.Limits{Memory: 1024, Restart: "on-failure", MaxRetries: 5},
		NetworkMode: "app_default", TTY: true, Env: []string{"A=1"},
		Published: []orchestrator.Port{
			{HostIP: "0.0.0.0", Host: 32768, Container: 80, Proto: "tcp"}, {HostIP: "::", Host: 32769, Container: 80, Proto: "tcp"},
		},
		Asked: []orchestrator.Port{{HostIP: "127.0.0.1", Container: 53, Proto: "udp"}, {Container: 80, Proto: "tcp"}},
		Endpoints: []orchestrator.Endpoint{{
			Network: "app_default", NetworkID: "n1", EndpointID: "e1", IPv4: "172.18.0.2", IPv6: "fd00::2", Aliases: []string{"web"},
		}},
		Mounts: []orchestrator.Mount{{Type: "volume", Name: "data", Source: "/var/lib/x", Destination: "/data", Writable: true}},
	}, got)
}

func TestWhatTheEngineLeavesOutStaysUnknown(t *testing.T) {
	for name, text := range map[string]string{
		"only an ID":          `{"Id":"c1"}`,
		"nulls everywhere":    `{"Id":"c1","State":null,"Config":null,"HostConfig":null,"NetworkSettings":null,"Mounts":null}`,
		"a number that is no": `{"Id":"c1","Config":{"Labels":{"com.docker.compose.container-number":"one"}}}`,
		"a negative number":   `{"Id":"c1","Config":{"Labels":{"com.docker.compose.container-number":"-1"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decoded(text)
			must(t, err)
			if c.State != "" || c.Health.Status != "" || c.Check != nil || c.Number != 0 || len(c.Published) != 0 || !c.StartedAt.IsZero() {
				t.Errorf("%+v", c)
			}
		})
	}
	for _, text := range []string{`{}`, `{"State":{"Status":"running"}}`, `null`} {
		if _, err := decoded(text); fault.ClassOf(err) != fault.Engine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestStatesThatNobodyKnowsAreHandedOnAsTheyAre(t *testing.T) {
	c, err := decoded(`{"Id":"c1","State":{"Status":"stopped","Running":true,"Health":{"Status":"splendid"}}}`)
	if err != nil || c.State != "stopped" || c.Health.Status != "splendid" {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzDecodeContainer(f *testing.F) {
	f.Add(fullInspect)
	f.Add(`{"Id":"c1","State":{"Health":{"Log":[null]}},"NetworkSettings":{"Ports":{"x/y/z":[{}],"":null,"99999999":[{"HostPort":"-1"}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := decoded(text)
		if err != nil {
			return
		}
		if c.ID == "" {
			t.Error("a container without an ID")
		}
		if c.Number < 0 {
			t.Errorf("number %d", c.Number)
		}
		var said container.InspectResponse
		_ = json.Unmarshal([]byte(text), &said)
		if said.State == nil && (c.State != "" || c.Health.Status != "") {
			t.Errorf("state %q, health %q out of nothing", c.State, c.Health.Status)
		}
	})
}

// decodedEvent turns the JSON of an event into ours.
func decodedEvent(text string) (orchestrator.Event, bool) {
	var m events.Message
	if json.Unmarshal([]byte(text), &m) != nil {
		return orchestrator.Event{}, false
	}
	return decodeEvent(m)
}

func TestEventsOfAllDialectsReadTheSame(t *testing.T) {
	three := 3
	at := time.Unix(0, 1700000000123456789)
	for name, one := range map[string]struct {
		text string
		want orchestrator.Event
		ok   bool
	}{
		"docker: die": {
			`{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"exitCode":"3","execDuration":"1","com.docker.compose.service":"web"}},"time":1700000000,"timeNano":1700000000123456789}`,
			orchestrator.Event{Action: "die", ContainerID: "c1", Service: "web", At: at, ExitCode: &three}, true},
		"podman: died": {
			`{"Type":"container","Action":"died","Actor":{"ID":"c1","Attributes":{"containerExitCode":"3"}},"time":1700000000}`,
			orchestrator.Event{Action: "die", ContainerID: "c1", At: time.Unix(1700000000, 0), ExitCode: &three}, true},
		"podman: remove": {`{"Type":"container","Action":"remove","Actor":{"ID":"c1"}}`, orchestrator.Event{Action: "destroy", ContainerID: "c1"}, true},
		"docker: health": {`{"Type":"container","Action":"health_status: healthy","Actor":{"ID":"c1"}}`, orchestrator.Event{Action: "health_status", ContainerID: "c1", Health: "healthy"}, true},
		"podman: health": {`{"Type":"container","Action":"health_status","Actor":{"ID":"c1","Attributes":{"health_status":"healthy"}}}`, orchestrator.Event{Action: "health_status", ContainerID: "c1", Health: "healthy"}, true},
		"kill":           {`{"Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":{"signal":"9"}}}`, orchestrator.Event{Action: "kill", ContainerID: "c1", Signal: "9"}, true},
		"a probe begins": {`{"Type":"container","Action":"exec_start: /bin/sh -c x","Actor":{"ID":"c1"}}`, orchestrator.Event{}, false},
		"a probe ends":   {`{"Type":"container","Action":"exec_die","Actor":{"ID":"c1"}}`, orchestrator.Event{}, false},
		"podman: exec":   {`{"Type":"container","Action":"exec","Actor":{"ID":"c1"}}`, orchestrator.Event{}, false},
		"a network's":    {`{"Type":"network","Action":"connect","Actor":{"ID":"n1"}}`, orchestrator.Event{}, false},
		"nothing":        {`{}`, orchestrator.Event{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := decodedEvent(one.text)
			if ok != one.ok {
				t.Errorf("of interest: %v", ok)
			}
			same(t, "event", one.want, got)
		})
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(`{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"exitCode":"3"}},"timeNano":1}`)
	f.Add(`{"Action":"health_status: running","Actor":{"Attributes":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		event, ok := decodedEvent(text)
		if ok && event.Action == "" {
			t.Error("an event without an action")
		}
		if !ok && event != (orchestrator.Event{}) {
			t.Errorf("dropped, yet %+v", event)
		}
	})
}

func TestTheEnginesClockIsComparedInTheMiddleOfTheCall(t *testing.T) {
	sent := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got := sent.Add(2 * time.Second)
	if ahead := clockAhead("2026-01-02T03:09:06Z", sent, got); ahead != 5*time.Minute {
		t.Errorf("%s", ahead)
	}
	for _, same := range []time.Time{sent, sent.Add(time.Second), got} {
		if ahead := clockAhead(same.Format(time.RFC3339Nano), sent, got); ahead != 0 {
			t.Errorf("told at %s: %s", same, ahead)
		}
	}
	for _, unknown := range []string{"", "soon", "0001-01-01T00:00:00Z"} {
		if ahead := clockAhead(unknown, sent, got); ahead != 0 {
			t.Errorf("%q: %s", unknown, ahead)
		}
	}
}
