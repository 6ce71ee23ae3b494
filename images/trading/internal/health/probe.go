package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// ErrUnhealthy is an answer other than 200.
var ErrUnhealthy = errors.New("unhealthy")

// probeTimeout bounds one probe and is shorter than the three seconds that
// the compose file gives it, so that the probe says itself what was wrong.
const probeTimeout = 2500 * time.Millisecond

// Probe asks an address once and returns nil when the answer is 200.
func Probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("probe %s: %w", address, err)
	}
	// A proxy of the environment is not on the way to ourselves.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("%w (%d): %s", ErrUnhealthy, response.StatusCode, reason(response.Body))
}

func reason(body io.Reader) string {
	content, err := io.ReadAll(io.LimitReader(body, 4<<10))
	if err != nil {
		return err.Error()
	}
	var report Report
	if json.Unmarshal(content, &report) == nil && report.Reason != "" {
		return report.Reason
	}
	return fmt.Sprintf("%.200q", content)
}
