package cli

import (
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/internal/cli/progress"
)

// globalOptions are the flags that every command has.
type globalOptions struct {
	files, profiles, envFiles     []string
	name, dir                     string
	host, context, portsHost      string
	progress, logLevel, logFormat string
	noColour, adopt               bool
	strictEnv, noStrictEnv        bool
}

// The words of --log-format.
const (
	formatConsole = "console"
	formatJSON    = "json"
)

// fileUsage explains --file, which logs declares again: its -f is another.
const fileUsage = "compose `file`; repeat it for overrides, - is the standard input"

// flags declares the global flags.
func (o *globalOptions) flags(f *pflag.FlagSet) {
	f.VarP(words{&o.files}, "file", "f", fileUsage)
	f.StringVarP(&o.name, "project-name", "p", "", "`name` of the project")
	f.StringVar(&o.dir, "project-directory", "", "`directory` that relative paths of the file start from")
	f.Var(words{&o.profiles}, "profile", "activate the services of this `profile`; may be repeated")
	f.Var(words{&o.envFiles}, "env-file", "read variables from this `file` instead of .env; may be repeated")
	f.BoolVar(&o.strictEnv, "strict-env", false, "refuse a file that uses a variable which is not set")
	f.BoolVar(&o.noStrictEnv, "no-strict-env", false, "take a variable that is not set for empty, which is the default")
	exclude(f, "strict-env", "no-strict-env")
	f.BoolVar(&o.adopt, "adopt", false, "take over the stack of this name, volumes included, that another directory made")
	f.StringVarP(&o.host, "host", "H", "", "`address` of the engine, as in DOCKER_HOST")
	f.StringVar(&o.context, "context", "", "docker context to use, by `name`")
	f.StringVar(&o.portsHost, "ports-host", "", "`address` at which the engine's published ports are reached; found out by default")
	f.Var(newChoice(&o.progress, "auto", "tty", "plain", "json", "quiet"), "progress", "how to show what is going on")
	f.Var(newChoice(&o.logLevel, "warn", "trace", "debug", "info", "error"), "log-level", "what to log beside the progress")
	f.Var(newChoice(&o.logFormat, formatConsole, formatJSON), "log-format", "form of log lines; json makes the progress JSON too")
	f.BoolVar(&o.noColour, "no-color", false, "no colours")
}

// loadOptions say which project is meant; services are those that the user
// named.
func (a *app) loadOptions(services []string) compose.Options {
	o := a.global
	return compose.Options{
		Files: o.files, Name: o.name, Dir: o.dir, Profiles: o.profiles, EnvFiles: o.envFiles, Services: services,
		Environ: a.env, StrictEnv: o.strictEnv, Stdin: a.streams.In, Pipes: a.pipes,
	}
}

// jsonLines says whether everything on the standard error is for programs.
func (a *app) jsonLines() bool {
	return a.global.logFormat == formatJSON || a.global.progress == string(progress.JSON)
}

// progressMode decides how to show the run. CI changes the look only.
func (a *app) progressMode() progress.Mode {
	mode := progress.Mode(a.global.progress)
	canDraw := a.streams.ErrTerminal && a.env.get("TERM") != "dumb"
	switch {
	case mode == progress.Quiet:
		return progress.Quiet
	case a.jsonLines():
		return progress.JSON
	case mode == progress.Auto && canDraw && a.env.get("CI") == "":
		return progress.Live
	case mode == progress.Live && canDraw:
		return progress.Live
	default:
		return progress.Plain
	}
}

// style says whether a stream is coloured.
func (a *app) style(terminal bool) console.Style {
	return console.Style{Colour: terminal && !a.global.noColour && a.env.get("NO_COLOR") == "" && a.env.get("TERM") != "dumb"}
}

// width is what lines are broken at: 0, which is never, where a program reads.
func (a *app) width(terminal bool) int {
	if !terminal {
		return 0
	}
	width, _ := a.streams.size()
	return width
}

// logger writes to the standard error, between the lines of the progress.
func (a *app) logger() zerolog.Logger {
	level, err := zerolog.ParseLevel(a.global.logLevel)
	if err != nil { // the flag takes known words only
		level = zerolog.WarnLevel
	}
	if a.jsonLines() {
		return zerolog.New(a.logs).Level(level).Hook(moment{})
	}
	w := zerolog.ConsoleWriter{Out: a.logs, NoColor: !a.style(a.streams.ErrTerminal).Colour, TimeFormat: "15:04:05.000"}
	return zerolog.New(w).Level(level).Hook(moment{})
}

// moment dates the lines of a log to the millisecond; zerolog's own date has
// seconds, unless a variable of its package is set for the whole process.
type moment struct{}

// Run implements zerolog.Hook.
func (moment) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().Format("2006-01-02T15:04:05.000Z07:00"))
}
