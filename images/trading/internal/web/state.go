// Package web shows the state of the stack as a page and as JSON.
package web

import (
	"slices"
	"strings"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/heartbeat"
	"github.com/stackctl/stackctl/images/trading/internal/store"
	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// State is everything the page shows, read at one moment.
type State struct {
	At        time.Time            `json:"at"`
	Services  []Service            `json:"services"`
	Trades    []trade.Trade        `json:"trades"`
	Markets   []store.Price        `json:"markets"`
	Accounts  []store.Balance      `json:"accounts"`
	Incidents []store.Incident     `json:"incidents"`
	Exchange  *store.ExchangeCheck `json:"exchange,omitempty"`
	Host      *store.HostSample    `json:"host,omitempty"`
	Pipeline  *store.PipelineRun   `json:"pipeline,omitempty"`
}

// Service is one service and its last sign of life.
type Service struct {
	Name          string          `json:"name"`
	State         heartbeat.State `json:"state"`
	AgeSeconds    float64         `json:"age_seconds"`
	UptimeSeconds float64         `json:"uptime_seconds"`
	Problem       string          `json:"problem,omitempty"`
}

// Services judges the beats of the services that should be there. One without
// a beat was never seen; one that is not expected is shown too.
func Services(expected []string, beats []heartbeat.Beat, lostAfter time.Duration, now time.Time) []Service {
	seen := map[string]Service{}
	for _, b := range beats {
		seen[b.Service] = Service{
			Name:          b.Service,
			State:         b.State(lostAfter),
			AgeSeconds:    b.Age.Seconds(),
			UptimeSeconds: max(now.Sub(b.StartedAt).Seconds(), 0),
			Problem:       b.Problem,
		}
	}
	for _, name := range expected {
		if _, ok := seen[name]; !ok {
			seen[name] = Service{Name: name, State: heartbeat.Never}
		}
	}
	list := make([]Service, 0, len(seen))
	for _, s := range seen {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Alive counts the services that live.
func (s State) Alive() int {
	alive := 0
	for _, service := range s.Services {
		if service.State == heartbeat.Alive || service.State == heartbeat.Troubled {
			alive++
		}
	}
	return alive
}
