package scripted

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ablationSwitch is the environment variable that make ablation sets.
const ablationSwitch = "STACKCTL_ABLATION"

// edit is a piece of a source file and what a blind stackctl has in its place.
// The source itself is never touched: the compiler is given another file, and
// only for this test's program.
type edit struct{ file, old, blind string }

// ablation takes one gate, or one condition of one, out of stackctl.
type ablation struct {
	// name is what is taken out; blind code asks ablated(name).
	name  string
	edits []edit
	// judges are the rows whose scenarios have to notice, on 28.5 unless they
	// name an engine to the end.
	judges string
}

// on is an ablation of one edit.
func on(name, judges, file, old, blind string) ablation {
	return ablation{name, []edit{{file, old, blind}}, judges}
}

const (
	gatesFile    = "orchestrator/gates.go"
	standingFile = "orchestrator/standing.go"
	judgeFile    = "healthchecks/judge.go"
	serverFile   = "healthchecks/pgserver.go"
	httpFile     = "healthchecks/http.go"
	tcpFile      = "healthchecks/tcp.go"
	wiringFile   = "orchestrator/wiring.go"
	databaseFile = "orchestrator/postgres.go"
)

// ablations are all of them.
func ablations() []ablation {
	var all []ablation
	all = append(all, wholeGates()...)
	all = append(all, healthAblations()...)
	all = append(all, structureAblations()...)
	return append(all, answerAblations()...)
}

// wholeGates are gates that always hold.
func wholeGates() []ablation {
	var all []ablation
	for _, g := range []struct{ function, constant, judges string }{
		{"census", "GateCensus", "E07"}, {"wired", "GateWired", "D22"}, {"stable", "GateStable", "A06"},
		{"completed", "GateCompleted", "B16"}, {"database", "GateDatabase", "C05"}, {"reachable", "GateReachable", "A17"},
	} {
		head := "func " + g.function + "(s subject) Condition {\n"
		all = append(all, on("gate "+g.function, g.judges, gatesFile, head,
			head+"\tif ablated(\"gate "+g.function+"\") {\n\t\treturn holds("+g.constant+", \"blind\")\n\t}\n"))
	}
	return all
}

// healthAblations believe what a healthcheck seems to say.
func healthAblations() []ablation {
	const well = "	st.Well, st.Releases = v.State.Proven(), v.State.Releases()\n"
	return []ablation{
		on("own check", "F18", standingFile, well, well+"	st.Well = st.Well || ablated(\"own check\")\n"),
		on("still starting", "A24", standingFile, well, well+"	st.Well = st.Well || ablated(\"still starting\") && v.State == healthchecks.StateStarting\n"),
		on("only released", "F16", standingFile, well, well+"	st.Well = st.Well || ablated(\"only released\") && v.State == healthchecks.StateReleased\n"),
		on("incarnation", "A21", judgeFile, "	runs := s.runs()\n	if len(runs) == 0 {\n		return &Verdict{State: StateStarting, Reason: \"no probe has run since the container started; the logged ones are older\"}\n	}\n	last :=",
			"	runs := s.runs()\n	if ablated(\"incarnation\") {\n		runs = s.Health.Log\n	}\n	if len(runs) == 0 {\n		return &Verdict{State: StateStarting}\n	}\n	last :="),
		on("staleness", "A18", judgeFile, "	case age-s.Late > limit:\n", "	case age-s.Late > limit && !ablated(\"staleness\"):\n"),
		on("no probe at all", "F18", judgeFile, "	if len(s.Health.Log) == 0 {\n		return &Verdict{State: StateUnknown, Reason: \"the engine says healthy",
			"	if len(s.Health.Log) == 0 {\n		if ablated(\"no probe at all\") {\n			return &Verdict{State: StateHealthy}\n		}\n		return &Verdict{State: StateUnknown, Reason: \"the engine says healthy"),
		on("a probe of the future", "G11", judgeFile, "	case age < -Slack:\n", "	case age < -Slack && !ablated(\"a probe of the future\"):\n"),
		on("an unknown health", "F18", judgeFile, "	switch s.Health.Status {\n	case StatusHealthy:\n",
			"	if ablated(\"an unknown health\") && s.Health.Status == \"splendid\" {\n		return judgeHealthy(s, now)\n	}\n	switch s.Health.Status {\n	case StatusHealthy:\n"),
		on("no health", "F18", judgeFile, "	case StatusNone, \"\":\n",
			"	case StatusNone, \"\":\n		if ablated(\"no health\") {\n			return &Verdict{State: StateHealthy}\n		}\n"),
		{"a failing probe", []edit{
			{judgeFile, "	case !last.Passed():\n", "	case !last.Passed() && !ablated(\"a failing probe\"):\n"},
			{"orchestrator/window.go", "		if !r.Passed() && (fresh || i == len(runs)-1) {\n", "		if !r.Passed() && !ablated(\"a failing probe\") && (fresh || i == len(runs)-1) {\n"},
		}, "A05"},
		on("the length of the window", "A06", "orchestrator/window.go", "	if s.State != StateRunning || s.Outdated {\n		return false\n	}\n	quiet",
			"	if s.State != StateRunning {\n		return false\n	}\n	if ablated(\"the length of the window\") {\n		return true\n	}\n	quiet"),
		on("a crash loop from before", "B04", standingFile, "	if s.State != StateRunning || s.RestartCount < crashLoop {\n", "	if s.State != StateRunning || s.RestartCount < crashLoop || ablated(\"a crash loop from before\") {\n"),
		on("the code of a job", "B14", "orchestrator/plan_service.go", "c.State == StateExited && c.ExitCode == 0 &&", "c.State == StateExited && (c.ExitCode == 0 || ablated(\"the code of a job\")) &&"),
		on("the wish of a waiver", "A01", "orchestrator/role.go", "	return all || p.Settings.AllowUnverified || s.Settings.AllowUnverified\n", "	return all || p.Settings.AllowUnverified || s.Settings.AllowUnverified || ablated(\"the wish of a waiver\")\n"),
	}
}

// structureAblations are blind to what a stack is made of, and where.
func structureAblations() []ablation {
	return []ablation{
		on("the configuration", "E07", gatesFile, "		if why := configCause(s.Project, s.service, c.Container); why != \"\" {\n",
			"		if why := configCause(s.Project, s.service, c.Container); why != \"\" && !ablated(\"the configuration\") {\n"),
		on("the image", "E07", gatesFile, "		if id := s.Images[s.service.Name].ID; id != c.ImageID {\n", "		if id := s.Images[s.service.Name].ID; id != c.ImageID && !ablated(\"the image\") {\n"),
		on("the networks", "D22", gatesFile, "		if e.EndpointID == \"\" || e.IPv4 == \"\" && e.IPv6 == \"\" {\n", "		if !ablated(\"the networks\") && (e.EndpointID == \"\" || e.IPv4 == \"\" && e.IPv6 == \"\") {\n"),
		on("the ports", "D22", gatesFile, "		if !isPublished(c, port) {\n", "		if !isPublished(c, port) && !ablated(\"the ports\") {\n"),
		on("the fixed address", "D24", gatesFile, "	if want := config.Ipv4Address; want != \"\" && want != e.IPv4 {\n", "	if want := config.Ipv4Address; want != \"\" && want != e.IPv4 && !ablated(\"the fixed address\") {\n"),
		on("the engine itself", "F15", "orchestrator/observed.go", "	if i.ID == later.ID {\n", "	if i.ID == later.ID || ablated(\"the engine itself\") {\n"),
		on("the owner", "H1[01]", "orchestrator/labels.go", "	case !p.Owns(owner):\n", "	case !p.Owns(owner) && !ablated(\"the owner\"):\n"),
		on("the platform", "E06", "images/platform.go", "	if want == \"\" || want == have {\n", "	if want == \"\" || want == have || ablated(\"the platform\") {\n"),
		on("another network of the name", `D11.*20\.10$`, wiringFile, "	if ours == nil || e.NetworkID == \"\" ||", "	if ablated(\"another network of the name\") || ours == nil || e.NetworkID == \"\" ||"),
		on("the name in a network", "D22", wiringFile, "	if i < 0 {\n", "	if i < 0 || ablated(\"the name in a network\") {\n"),
		on("a stale share", "D22", "orchestrator/sharing.go", "newer(peer.StartedAt, c.StartedAt):\n", "newer(peer.StartedAt, c.StartedAt) && !ablated(\"a stale share\"):\n"),
		on("changed limits", "D22", "orchestrator/limits.go", "	if c.Limits == (Limits{}) {\n", "	if c.Limits == (Limits{}) || ablated(\"changed limits\") {\n"),
		on("a leftover that runs", "B26", "orchestrator/assess.go", "prevSuffix) && c.State != StateRunning {\n", "prevSuffix) && (c.State != StateRunning || ablated(\"a leftover that runs\")) {\n"),
		on("the loopback of another host", "D23", "orchestrator/faraway.go", "	if p.info.Local ||", "	if ablated(\"the loopback of another host\") || p.info.Local ||"),
	}
}

// answerAblations believe any answer.
func answerAblations() []ablation {
	return []ablation{
		on("a server that restarted", "C01", serverFile, "	case first.started != second.started:\n", "	case first.started != second.started && !ablated(\"a server that restarted\"):\n"),
		on("a standby", "C14", serverFile, "	case !isFalse(second.recovery):\n", "	case !isFalse(second.recovery) && !ablated(\"a standby\"):\n"),
		on("a read-only server", "C10", serverFile, "	case second.readOnly != \"off\":\n", "	case second.readOnly != \"off\" && !ablated(\"a read-only server\"):\n"),
		on("another server", "C15", serverFile, "second.system != \"\" && second.system != expected:\n", "second.system != \"\" && second.system != expected && !ablated(\"another server\"):\n"),
		{"the socket", []edit{
			{databaseFile, "	if place.NetworkMode == \"host\" {\n", "	if place.NetworkMode == \"host\" && !ablated(\"the socket\") {\n"},
			{"healthchecks/pgexec.go", "err != nil || ip.IsLoopback() ||", "!ablated(\"the socket\") && err != nil || ip.IsLoopback() ||"},
		}, "C05"},
		on("a derived database", "C01", databaseFile, "	begins := len(s.Command) > 0 ||", "	begins := !ablated(\"a derived database\") && len(s.Command) > 0 || !ablated(\"a derived database\") &&"),
		on("the write", "C10", "healthchecks/pgexec.go", "	if len(scripts) == 0 || !s.writable() ||", "	if ablated(\"the write\") || len(scripts) == 0 || !s.writable() ||"),
		on("an HTTP error", "A04", tcpFile, "	case isHTTP && status >= 500:\n", "	case isHTTP && status >= 500 && !ablated(\"an HTTP error\"):\n"),
		on("the status", "D16", httpFile, "		return slices.Contains(h.Status, status)\n", "		return slices.Contains(h.Status, status) || ablated(\"the status\")\n"),
		on("the body", "D15", httpFile, "	if h.Body == \"\" {\n", "	if h.Body == \"\" || ablated(\"the body\") {\n"),
		on("the header", "D15", httpFile, "		if !hasHeader(r.Header, name, want) {\n", "		if !hasHeader(r.Header, name, want) && !ablated(\"the header\") {\n"),
		on("an answer without its status", "D18", tcpFile, "	case text == \"\" || isHTTP &&", "	case !ablated(\"an answer without its status\") && text == \"\" || !ablated(\"an answer without its status\") && isHTTP &&"),
		on("a server that loads", "D18", tcpFile, "	case t.ContainerPort == 6379 &&", "	case !ablated(\"a server that loads\") && t.ContainerPort == 6379 &&"),
		on("a wrong answer within the window", "D17", gatesFile, "	return ok && s.Now.Sub(at) < s.window()\n", "	return ok && s.Now.Sub(at) < s.window() && !ablated(\"a wrong answer within the window\")\n"),
		on("a closed connection", "D0[12]", tcpFile, "	case errors.Is(err, errClosed):\n		return t.blame", "	case errors.Is(err, errClosed) && ablated(\"a closed connection\"):\n		return Evidence{Passed: true}\n	case errors.Is(err, errClosed):\n		return t.blame"),
		on("the container's own refusal", "D02", tcpFile, "	case reachRefused:\n", "	case reachRefused:\n		if ablated(\"the container's own refusal\") {\n			break\n		}\n"),
		on("the second answer", "D17", gatesFile, "		if p.Again {\n", "		if p.Again && !ablated(\"the second answer\") {\n"),
	}
}

// blind adds to a package what the edits ask.
const blind = `

import "os"

func ablated(name string) bool { return os.Getenv("STACKCTL_ABLATE") == name }
`

// blindDir is where the blind sources are; the switch may name one that stays.
func blindDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(ablationSwitch); filepath.IsAbs(dir) {
		return dir
	}
	return t.TempDir()
}

// overlay writes the blind sources and the file that tells the compiler of
// them.
func overlay(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir, texts, replace := blindDir(t), map[string]string{}, map[string]string{}
	for _, a := range ablations() {
		for _, e := range a.edits {
			if texts[e.file] == "" {
				text, err := os.ReadFile(filepath.Join(root, e.file))
				if err != nil {
					t.Fatal(err)
				}
				texts[e.file] = string(text)
				texts[filepath.Dir(e.file)+"/ablated.go"] = "package " + filepath.Base(filepath.Dir(e.file)) + blind
			}
			if n := strings.Count(texts[e.file], e.old); n != 1 {
				t.Errorf("%s: %q is %d times in %s; say where it is now", a.name, e.old, n, e.file)
			}
			texts[e.file] = strings.Replace(texts[e.file], e.old, e.blind, 1)
		}
	}
	for file, text := range texts {
		path := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, file)] = path
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}

func TestEveryConditionThatIsTakenOutIsWhereItWas(t *testing.T) { overlay(t) }

func TestWithoutAnyOneConditionStackctlCanBeFooled(t *testing.T) {
	if os.Getenv(ablationSwitch) == "" {
		t.Skip("make ablation runs it: it compiles the program anew")
	}
	list := overlay(t)
	if t.Failed() {
		return
	}
	program := filepath.Join(filepath.Dir(list), "blind.test")
	compile := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", list, "-o", program, ".")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lie := regexp.MustCompile(`exit 0 \(none\), want`)
	if out := judgeBlind(t, program, "nothing", "(A06|A11|A18|C05|D02|E07)"); lie.MatchString(out) {
		t.Fatalf("it lies with all its senses:\n%s", out)
	}
	for _, a := range ablations() {
		t.Run(a.name, func(t *testing.T) {
			if out := judgeBlind(t, program, a.name, a.judges); !lie.MatchString(out) {
				t.Errorf("no scenario notices that it is blind to this: %s", tail(out))
			}
		})
	}
}

// judgeBlind runs the scenarios of some rows without one condition.
func judgeBlind(t *testing.T, program, name, rows string) string {
	t.Helper()
	if !strings.HasSuffix(rows, "$") {
		rows += `.*(28\.5|systemd)$`
	}
	run := exec.CommandContext(t.Context(), program, "-test.timeout", "2m", "-test.run", "TestStackctlCannotBeFooled/^"+rows)
	run.Env = append(os.Environ(), "STACKCTL_ABLATE="+name)
	out, err := run.CombinedOutput()
	if err == nil && strings.Contains(string(out), "no tests to run") {
		t.Fatalf("no scenario is about %s", rows)
	}
	return string(out)
}

func tail(text string) string { return text[max(0, len(text)-2000):] }
