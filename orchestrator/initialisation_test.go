package orchestrator

import (
	"strings"
	"testing"
)

func TestAnInitialisationThatWasAbortedIsRememberedByTheLog(t *testing.T) {
	const (
		begins = "The files belonging to this database system will be owned by user \"postgres\".\n"
		ends   = "PostgreSQL init process complete; ready for start up.\n"
		skips  = "PostgreSQL Database directory appears to contain a database; Skipping initialization\n"
		fails  = "2026-01-01 00:00:00.000 UTC [7] ERROR:  no such thing\n"
		later  = "2026-01-01 00:00:09.000 UTC [9] ERROR:  a query of somebody's\n"
	)
	for name, c := range map[string]struct {
		log     string
		aborted bool
		failure string
	}{
		"it ended":                          {begins + ends + later, false, ""},
		"it ended, and was skipped":         {begins + ends + skips + later, false, ""},
		"it is still going on":              {begins + fails, false, "no such thing"},
		"it failed, and was skipped":        {begins + fails + skips + later, true, "no such thing"},
		"it was killed, and was skipped":    {begins + skips + skips, true, ""},
		"it failed and was made anew":       {begins + fails + skips + begins + ends + skips, false, ""},
		"it was made by another container":  {skips + later, false, ""},
		"what it says comes without an end": {begins + strings.TrimSuffix(skips, "\n"), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var i initialisation
			lines := &lineCutter{take: i.take}
			_, _ = lines.Write([]byte(c.log))
			lines.end()
			if i.aborted != c.aborted || !strings.Contains(i.failure, c.failure) || c.failure == "" && i.failure != "" {
				t.Errorf("aborted %t because of %q, want %t because of %q", i.aborted, i.failure, c.aborted, c.failure)
			}
		})
	}
}
