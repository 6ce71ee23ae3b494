package heartbeat

import (
	"slices"
	"time"
)

// Detector finds cascades: several services lost at once. It is not safe for
// use by several goroutines.
type Detector struct {
	// LostAfter is the longest silence of a living service.
	LostAfter time.Duration
	// Cascade is the number of lost services that makes an incident.
	Cascade int

	watchingSince time.Time
	lastLook      time.Time
}

// Finding is what one look found.
type Finding struct {
	// Certain is false as long as the silence may be the database's: heartbeats
	// stand still while nobody can write them.
	Certain bool
	// Lost names the silent services in order.
	Lost []string
	// Cascade tells whether they are enough for an incident.
	Cascade bool
}

// Look judges the beats read at a moment. After a gap in its own looking the
// detector waits one LostAfter before it trusts what it sees.
func (d *Detector) Look(beats []Beat, now time.Time) Finding {
	if d.lastLook.IsZero() || now.Sub(d.lastLook) >= d.LostAfter/2 {
		d.watchingSince = now
	}
	d.lastLook = now
	if now.Sub(d.watchingSince) < d.LostAfter {
		return Finding{}
	}
	f := Finding{Certain: true}
	for _, b := range beats {
		if b.State(d.LostAfter) == Lost {
			f.Lost = append(f.Lost, b.Service)
		}
	}
	slices.Sort(f.Lost)
	f.Cascade = len(f.Lost) >= d.Cascade
	return f
}
