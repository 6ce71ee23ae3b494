package healthchecks

import (
	"strings"
	"testing"
	"time"
)

// The outputs are the engine's own, as Engine 20.10 logged them.
const (
	oci        = "OCI runtime exec failed: exec failed: unable to start container process: exec: "
	notInPath  = oci + `"curl": executable file not found in $PATH: unknown`
	noSuchFile = oci + `"/usr/bin/curl": stat /usr/bin/curl: no such file or directory: unknown`
	noShell    = oci + `"/bin/sh": stat /bin/sh: no such file or directory: unknown`
	noRight    = oci + `"/check": permission denied: unknown`
)

func TestAFailureOfACheckIsExplained(t *testing.T) {
	shell := Check{Test: []string{"CMD-SHELL", "curl -f http://127.0.0.1/ || exit 1"}, Timeout: time.Second}
	cmd := func(program string) Check {
		return Check{Test: []string{"CMD", program, "-f"}, Timeout: time.Second}
	}
	for name, tc := range map[string]struct {
		check      Check
		code       int
		output     string
		took       time.Duration
		text, hint string
	}{
		"a program that is not in the path":          {cmd("curl"), -1, notInPath, 0, "binary is not in the image", "curl is not in the image"},
		"the same through exec":                      {cmd("curl"), 126, notInPath, 0, "binary is not in the image", "curl is not in the image"},
		"a program at a path that is not there":      {cmd("/usr/bin/curl"), -1, noSuchFile, 0, "binary is not in the image", "/usr/bin/curl is not"},
		"an image without a shell":                   {shell, -1, noShell, 0, "no shell", `["CMD", program`},
		"a program without the right to be executed": {cmd("/check"), -1, noRight, 0, "cannot be executed", "chmod +x"},
		"a shell that does not find the program":     {shell, 127, "sh: 1: curl: not found", 0, "exit 127", "curl is not in the image"},
		"a shell that may not execute the program":   {shell, 126, "sh: 1: curl: Permission denied", 0, "exit 126", "chmod +x"},
		"a check that takes too long":                {cmd("sleep"), -1, "Health check exceeded timeout (1s)", time.Second, "exceeded its 1 s timeout", "healthcheck.timeout"},
		"the same in words that are not known":       {cmd("sleep"), -1, "too slow", time.Second, "exceeded its 1 s timeout", "faster"},
		"an engine that cannot start it":             {cmd("x"), -1, "timed out starting health check for container abc", 0, "could not start", "stuck"},
		"an engine that fails otherwise":             {cmd("x"), -1, "boom", 0, "could not run the check: boom", ""},
		"a check that crashes":                       {cmd("x"), 139, "", 0, "signal 11 (segmentation fault)", ""},
		"a check that is killed":                     {cmd("x"), 137, "", 0, "signal 9 (killed)", ""},
		"curl that cannot connect":                   {cmd("/usr/bin/curl"), 7, "", 0, "exit 7", "could not connect"},
		"curl that gets an error status":             {shell, 22, "", 0, "exit 22", "HTTP error status"},
		"pg_isready that is told to wait":            {cmd("pg_isready"), 1, "rejecting connections", 0, "exit 1: rejecting connections", "still starting"},
		"an exit code without a meaning":             {cmd("x"), 42, " no luck \n", 0, "exit 42: no luck", ""},
		"a check without a program":                  {Check{Test: []string{"CMD"}}, 127, "", 0, "exit 127", "the program is not in the image"},
	} {
		t.Run(name, func(t *testing.T) {
			text, hint := Explain(tc.check, Result{Start: t0(), End: at(tc.took), ExitCode: tc.code, Output: tc.output})
			if !strings.Contains(text, tc.text) {
				t.Errorf("text %q lacks %q", text, tc.text)
			}
			if !strings.Contains(hint, tc.hint) || tc.hint == "" && hint != "" {
				t.Errorf("hint %q lacks %q", hint, tc.hint)
			}
		})
	}
}

func TestDurationsAreWrittenForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 350 * time.Millisecond: "350 ms", time.Second: "1 s", 2540 * time.Millisecond: "2.5 s",
		95 * time.Second: "95 s", 5 * time.Minute: "5m0s", -2 * time.Second: "-2 s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestACheckAllowsWhatItsOwnFiguresAddUpTo(t *testing.T) {
	c := Check{Test: []string{"CMD", "x"}, Interval: 5 * time.Second, Timeout: 3 * time.Second, Retries: 4, StartPeriod: 10 * time.Second}
	if got, want := c.Allowance(), 10*time.Second+4*8*time.Second+3*time.Second+2*time.Second; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := (Check{}).Allowance(), 3*time.Minute+32*time.Second; got != want {
		t.Errorf("%v by default, want %v", got, want)
	}
}
