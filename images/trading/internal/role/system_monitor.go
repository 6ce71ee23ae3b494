package role

import (
	"context"

	"github.com/stackctl/stackctl/images/trading/internal/host"
	"github.com/stackctl/stackctl/images/trading/internal/job"
)

// systemMonitor records the figures of the machine.
func systemMonitor(d deps) (part, error) {
	sample := func(ctx context.Context) error {
		figures, err := host.Read("/proc", d.settings.DataDir)
		if err != nil {
			return err
		}
		return d.store.SaveSample(ctx, figures)
	}
	return part{jobs: []job.Job{{Name: "sample", Every: d.settings.Every.Sample, Do: sample}}}, nil
}
