package compose

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/types"
)

// location is where a project is: its files, its directory and the variables
// that they are read with.
type location struct {
	// files are absolute, or "-".
	files []string
	// dir is the project's directory, absolute, as it was named.
	dir      string
	home     string
	env      types.Mapping
	profiles []string
	// envFiles are the env files that were read last.
	envFiles []string
	// tainted are, by name, the unset variables that a value of an env file
	// refers to; it matters only when the name is used.
	tainted map[string][]miss
	// pipes are the contents of files that can be read only once.
	pipes map[string][]byte
	// read is told each file that is read or looked for.
	reading func(file string)
}

// locate finds the project's files as docker compose does: the flags, else
// COMPOSE_FILE, else the default names here and in the directories above.
func locate(o Options, ps *problems) (*location, error) {
	cwd, err := workingDir(o)
	if err != nil {
		return nil, err
	}
	ps.base = cwd
	l := newLocation(o, cwd)
	// What stands in the .env of the first directory may name the files, and
	// these may stand in another one with an .env of its own.
	if !l.readEnv(o, cwd, ps) {
		return l, nil
	}
	if len(l.files) == 0 {
		l.files = l.fromEnvironment(cwd)
	}
	if len(l.files) == 0 {
		l.discover(l.base(cwd))
	}
	first := l.base(cwd)
	if len(l.files) == 0 {
		ps.add(Problem{Message: fmt.Sprintf("no compose file in %s or above", first),
			Remedy: "create compose.yaml or docker-compose.yml, or name a file with -f"})
		return l, nil
	}
	l.dir = first
	l.readEnv(o, cwd, ps)
	l.profiles = activeProfiles(o, l.env)
	return l, nil
}

// newLocation is what the flags and the process's environment say.
func newLocation(o Options, cwd string) *location {
	l := &location{env: types.NewMapping(o.Environ), tainted: map[string][]miss{}, pipes: o.Pipes, reading: o.read}
	l.home = l.env["HOME"]
	if _, ok := l.env["PWD"]; !ok {
		l.env["PWD"] = cwd
	}
	if o.Dir != "" {
		l.dir = absolute(cwd, expandHome(o.Dir, l.home))
	}
	l.files = l.named(cwd, o.Files)
	return l
}

func workingDir(o Options) (string, error) {
	if o.WorkingDir != "" {
		return filepath.Abs(o.WorkingDir)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working directory: %w", err)
	}
	return dir, nil
}

// base is the project's directory as far as it is known.
func (l *location) base(cwd string) string {
	if l.dir != "" {
		return l.dir
	}
	for _, file := range l.files {
		if file != "-" && !IsDescriptor(file) {
			return filepath.Dir(file)
		}
	}
	return cwd
}

func (l *location) named(cwd string, files []string) []string {
	var out []string
	for _, file := range files {
		if file != "-" && !isRemote(file) {
			file = absolute(cwd, expandHome(file, l.home))
		}
		out = append(out, file)
	}
	return out
}

func (l *location) fromEnvironment(cwd string) []string {
	list, ok := l.env[consts.ComposeFilePath]
	if !ok || list == "" {
		return nil
	}
	separator := l.env[consts.ComposePathSeparator]
	if separator == "" {
		separator = string(os.PathListSeparator)
	}
	return l.named(cwd, strings.Split(list, separator))
}

// discover looks for the default names in dir and upwards.
func (l *location) discover(dir string) {
	for {
		if file := l.firstOf(dir, cli.DefaultFileNames); file != "" {
			l.files = []string{file}
			if override := l.firstOf(dir, cli.DefaultOverrideFileNames); override != "" {
				l.files = append(l.files, override)
			}
			return
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return
		}
		dir = parent
	}
}

func (l *location) firstOf(dir string, names []string) string {
	for _, name := range names {
		file := filepath.Join(dir, name)
		l.reading(file)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
	}
	return ""
}

// readEnv adds the variables of the env files; what is set stays. It says
// whether all could be read.
func (l *location) readEnv(o Options, cwd string, ps *problems) bool {
	files := o.EnvFiles
	if len(files) == 0 {
		if list := types.NewMapping(o.Environ)["COMPOSE_ENV_FILES"]; list != "" {
			files = strings.Split(list, ",")
		}
	}
	files = slices.Clone(files)
	for i, file := range files {
		files[i] = absolute(cwd, expandHome(file, l.home))
	}
	if len(files) == 0 {
		disabled, _ := strconv.ParseBool(l.env[consts.ComposeDisableDefaultEnvFile])
		file := filepath.Join(l.base(cwd), ".env")
		l.reading(file)
		if info, err := os.Stat(file); disabled || err != nil || info.IsDir() {
			return true
		}
		files = []string{file}
	}
	if slices.Equal(files, l.envFiles) {
		return true
	}
	l.envFiles = files
	values, ok := l.readEnvFiles(files, ps)
	l.env.Merge(values)
	return ok
}

// readEnvFiles reads files in order; a later one wins. Values that refer to
// unset variables are remembered in tainted.
func (l *location) readEnvFiles(files []string, ps *problems) (types.Mapping, bool) {
	values := types.Mapping{}
	lookup := func(name string) (string, bool) {
		if value, ok := l.env[name]; ok {
			return value, true
		}
		value, ok := values[name]
		return value, ok
	}
	for _, file := range files {
		l.reading(file)
		text, err := l.read(file)
		if err != nil {
			ps.add(Problem{File: file, Message: fileFault("env file", err), Remedy: "create it, or name another one"})
			return values, false
		}
		parsed, err := parseEnvFile(string(text), lookup)
		if err != nil {
			ps.add(envProblem(file, err))
			return values, false
		}
		for name, value := range parsed.values {
			values[name] = value
			l.tainted[name] = nil
			for _, m := range parsed.missing[name] {
				l.tainted[name] = append(l.tainted[name], miss{missingVar: m, mark: mark{file: file, line: parsed.lines[name]}})
			}
		}
	}
	return values, true
}

func envProblem(file string, err error) Problem {
	p := Problem{File: file, Message: err.Error(), Remedy: "write KEY=VALUE, one on a line"}
	var syntax *envSyntaxError
	if errors.As(err, &syntax) {
		p.Line, p.Message = syntax.line, syntax.message
	}
	return p
}

func activeProfiles(o Options, env types.Mapping) []string {
	if len(o.Profiles) > 0 {
		return o.Profiles
	}
	var profiles []string
	// Of no profile that is chosen one is left without a name, and so is that
	// of a service whose profile is a variable that is not set.
	for profile := range strings.SplitSeq(env[consts.ComposeProfiles], ",") {
		profiles = append(profiles, strings.TrimSpace(profile))
	}
	return profiles
}

var (
	errIrregular = errors.New("not a regular file")
	errTooLarge  = fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
)

// readBounded reads a regular file of at most MaxFileSize bytes.
func readBounded(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil || file == os.DevNull {
		return nil, err
	}
	// A shell's <(command) is a pipe that its user asked for.
	if !info.Mode().IsRegular() && !IsDescriptor(file) {
		return nil, errIrregular
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f)
}

// read is readBounded that reads a pipe once for all loads with the same map.
func (l *location) read(file string) ([]byte, error) {
	if text, kept := l.pipes[file]; kept {
		return text, nil
	}
	text, err := readBounded(file)
	if err == nil && l.pipes != nil && IsDescriptor(file) {
		l.pipes[file] = text
	}
	return text, err
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err == nil && len(text) > MaxFileSize {
		err = errTooLarge
	}
	return text, err
}

// fileFault says in a few words why a file cannot be read; what names it.
func fileFault(what string, err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "the " + what + " does not exist"
	case errors.Is(err, os.ErrPermission):
		return "the " + what + " may not be read"
	default:
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return fmt.Sprintf("the %s cannot be used: %v", what, err)
	}
}

func isMissing(err error) bool { return errors.Is(err, os.ErrNotExist) }
