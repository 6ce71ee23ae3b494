package heartbeat

import (
	"slices"
	"testing"
	"time"
)

const lostAfter = 6 * time.Second

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTheStateOfABeat(t *testing.T) {
	cases := map[string]struct {
		beat Beat
		want State
	}{
		"a fresh beat is alive":                    {Beat{Age: time.Second}, Alive},
		"a beat at the limit is still alive":       {Beat{Age: lostAfter}, Alive},
		"a beat past the limit is lost":            {Beat{Age: lostAfter + 1}, Lost},
		"a failing job is trouble":                 {Beat{Age: time.Second, Problem: "sync: away"}, Troubled},
		"silence matters more than an old failure": {Beat{Age: time.Hour, Problem: "sync: away"}, Lost},
		"a service that said goodbye is not lost":  {Beat{Age: time.Hour, Stopped: true}, Stopped},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.beat.State(lostAfter); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// watch lets the detector look once a second until it is certain.
func watch(d *Detector, from time.Time, beats []Beat) (Finding, time.Time) {
	var f Finding
	for range int(lostAfter/time.Second) + 1 {
		from = from.Add(time.Second)
		f = d.Look(beats, from)
	}
	return f, from
}

func TestSeveralLostAtOnceAreACascade(t *testing.T) {
	d := &Detector{LostAfter: lostAfter, Cascade: 2}
	beats := []Beat{
		{Service: "trade_manager", Age: time.Minute},
		{Service: "main_app", Age: time.Second},
		{Service: "auto_entry_supervisor", Age: time.Minute},
		{Service: "system_monitor", Age: time.Minute, Stopped: true},
	}
	f, _ := watch(d, noon, beats)
	if !f.Certain || !f.Cascade || !slices.Equal(f.Lost, []string{"auto_entry_supervisor", "trade_manager"}) {
		t.Errorf("found %+v", f)
	}
}

func TestOneLostServiceIsNoCascade(t *testing.T) {
	d := &Detector{LostAfter: lostAfter, Cascade: 2}
	f, _ := watch(d, noon, []Beat{{Service: "main_app", Age: time.Minute}, {Service: "trade_manager"}})
	if !f.Certain || f.Cascade || len(f.Lost) != 1 {
		t.Errorf("found %+v", f)
	}
}

func TestADatabaseThatWasAwayIsNoCascade(t *testing.T) {
	d := &Detector{LostAfter: lostAfter, Cascade: 2}
	fresh := []Beat{{Service: "main_app"}, {Service: "trade_manager"}}
	_, now := watch(d, noon, fresh)
	old := []Beat{{Service: "main_app", Age: time.Minute}, {Service: "trade_manager", Age: time.Minute}}

	back := now.Add(time.Minute)
	if f := d.Look(old, back); f.Certain || f.Cascade {
		t.Errorf("right after the gap: %+v", f)
	}
	if f, _ := watch(d, back, old); !f.Cascade {
		t.Errorf("still silent when the services had time to come back: %+v", f)
	}
}
