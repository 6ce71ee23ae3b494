package role

import (
	"context"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/heartbeat"
	"github.com/stackctl/stackctl/images/trading/internal/job"
)

// cascadingFailureDetector opens an incident when several services fall
// silent together and ends it when all of them are back.
func cascadingFailureDetector(d deps) (part, error) {
	detector := &heartbeat.Detector{
		LostAfter: d.settings.Heartbeat.LostAfter,
		Cascade:   d.settings.Heartbeat.Cascade,
	}
	detect := func(ctx context.Context) error {
		beats, err := d.store.Beats(ctx)
		if err != nil {
			return err
		}
		return act(ctx, d, detector.Look(beats, time.Now()))
	}
	return part{jobs: []job.Job{{Name: "detect", Every: d.settings.Every.Detect, Timeout: 2 * time.Second, Do: detect}}}, nil
}

func act(ctx context.Context, d deps, found heartbeat.Finding) error {
	switch {
	case found.Cascade:
		opened, err := d.store.ReportIncident(ctx, found.Lost)
		if opened {
			d.log.Error("services lost together", "lost", found.Lost)
		}
		return err
	case found.Certain && len(found.Lost) == 0:
		ended, err := d.store.EndIncident(ctx)
		if ended {
			d.log.Info("all services are back")
		}
		return err
	default:
		return nil
	}
}
