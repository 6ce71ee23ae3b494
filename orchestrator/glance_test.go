package orchestrator

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAContainerThatIsGoneAtAGlanceHoldsNoPortAnyMore(t *testing.T) {
	port := func(n uint16) Port { return Port{HostIP: "0.0.0.0", Host: n, Container: 80, Proto: "tcp"} }
	o := Observed{
		Containers: []Container{{ID: "a", Name: "p-a-1"}, {ID: "b", Name: "p-b-1"}, {ID: "c", Name: "p-c-1"}},
		Holders:    []PortHolder{{Port: port(1), ContainerID: "a"}, {Port: port(2), ContainerID: "b"}, {Port: port(3), ContainerID: "c"}, {Port: port(4), ContainerID: "stranger"}},
	}
	after := o.with([]string{"a", "b"}, map[string]Container{"b": {ID: "b", Name: "p-b-1", Published: []Port{port(5)}}})
	var held []uint16
	for _, h := range after.Holders {
		held = append(held, h.Host)
	}
	slices.Sort(held)
	if !slices.Equal(held, []uint16{3, 4, 5}) {
		t.Errorf("held are %v", held)
	}
	if len(after.Containers) != 2 || len(o.Containers) != 3 || len(o.Holders) != 4 {
		t.Errorf("the containers are %v, and before %v with %v", after.Containers, o.Containers, o.Holders)
	}
}

func TestWhatIsGivenUpIsToldOnceThoughAPlanFailsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := ward4Engine()
		e.scripts["web"] = script{exits: time.Second, code: 3, says: "no key, no work"}
		file := strings.Replace(ward4, "image: api\n", "image: api\n    ports: [\"8080:80/udp\"]\n", 1)
		c := lookAfter(t, e, load(t, file), SuperviseOptions{})
		c.until(30*time.Minute, "web is given up", func(s *Snapshot) bool { return s.Decisions["web"].Verdict == GaveUp })
		c.until(10*time.Second, "its card says what it said last", func(s *Snapshot) bool {
			return len(s.Report.Cards) == 1 && s.Report.Cards[0].Service == "web" && slices.Contains(s.Report.Cards[0].Logs, "no key, no work")
		})
		// A stranger takes the port while api is away: no plan can be made.
		e.with("p-api-1", func(c *fakeContainer) { e.remove(c, true) })
		e.mu.Lock()
		e.containers["stranger"] = &fakeContainer{Container: Container{ID: "stranger", Name: "other", State: StateRunning,
			Published: []Port{{HostIP: "0.0.0.0", Host: 8080, Container: 80, Proto: "udp"}}}}
		e.mu.Unlock()
		c.until(time.Minute, "the trouble is shown", func(s *Snapshot) bool { return s.Troubles["plan"] != "" })
		c.rest(time.Minute)
		e.with("other", func(c *fakeContainer) { e.remove(c, true) })
		c.until(time.Minute, "the trouble is over", func(s *Snapshot) bool { return len(s.Troubles) == 0 && s.Decisions["web"].Verdict == GaveUp })
		if n := c.diary.count(GivenUpOn, "web"); n != 1 {
			t.Errorf("it was told %d times that web is given up\n%s", n, c.diary.text())
		}
		_ = c.end()
	})
}
