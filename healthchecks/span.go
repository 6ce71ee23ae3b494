package healthchecks

import (
	"fmt"
	"time"
)

// span writes a duration for people: "350 ms", "2.5 s", "95 s", "12m0s".
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(max(-d, d+1)) // the least duration has no opposite
	case d == 0:
		return "0 s"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.3g s", d.Round(100*time.Millisecond).Seconds())
	case d < 3*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func ago(d time.Duration) string {
	if d <= 0 {
		return "just now"
	}
	return span(d) + " ago"
}

func in(d time.Duration) string {
	if d <= 0 {
		return "now"
	}
	return "in " + span(d)
}
