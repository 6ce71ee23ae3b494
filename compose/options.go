package compose

import "io"

// Options say which files make up the project and what their variables mean.
// The zero value reads nothing of the process: the caller hands in its
// environment and working directory.
type Options struct {
	// Files are the compose files in order, "-" for Stdin. Empty means
	// COMPOSE_FILE, else the default names, looked for in Dir or WorkingDir
	// and then upwards.
	Files []string
	// Name is the project's name; "" means COMPOSE_PROJECT_NAME, the file's
	// name:, or the name of the directory, in this order.
	Name string
	// Dir is the project's directory, against which relative paths of the
	// file are resolved; "" means the directory of the first file.
	Dir string
	// Profiles are the active profiles; empty means COMPOSE_PROFILES.
	Profiles []string
	// Services are services that the user named: they are active whatever
	// their profiles, and so is whatever shares a profile with them.
	Services []string
	// Scale are the numbers of containers of services, instead of the file's.
	Scale map[string]int
	// Private says that Private will be asked for a copy: fixed names and ports
	// are no bound for the number of containers then.
	Private bool
	// EnvFiles are read instead of the directory's .env; empty means
	// COMPOSE_ENV_FILES, else .env where it exists.
	EnvFiles []string
	// Environ is the process environment, KEY=VALUE; it wins over EnvFiles.
	Environ []string
	// WorkingDir is the directory that relative paths above start from,
	// absolute; "" means the process's own.
	WorkingDir string
	// StrictEnv makes every variable that is not set an error. Without it one is
	// an empty string and a warning, where that leaves the entry what it is.
	StrictEnv bool
	// AsWritten makes what docker compose reads and no engine can do a warning:
	// for commands that only show what the files say.
	AsWritten bool
	// WithoutFiles accepts that what services mount or read is not there, and
	// more containers than fixed names and ports allow: for commands that stop,
	// remove or look at what already runs.
	WithoutFiles bool
	// Stdin is read where a file is "-".
	Stdin io.Reader
	// Pipes keeps what was read of files that can be read only once, by path,
	// for later loads with the same map; nil keeps nothing.
	Pipes map[string][]byte
	// Reading is told the absolute path of each file that the project depends
	// on, also of one that is looked for and not there, and whether or not the
	// project turns out valid; nil is told nothing.
	Reading func(file string)
}

// read tells that a file is read or looked for.
func (o Options) read(file string) {
	if o.Reading != nil && file != "" && file != "-" && !isRemote(file) {
		o.Reading(file)
	}
}

// Bounds on what is read. A compose file is written by people: whatever is
// far beyond these is a mistake or an attack, and is refused at once.
const (
	// MaxFileSize is the size in bytes that one compose file, .env file or
	// env_file may have.
	MaxFileSize = 2 << 20
	// MaxFiles is the number of files that one project may consist of.
	MaxFiles = 256
	maxDepth = 128
	maxNodes = 30_000
	// maxName leaves room for service and number in names of 255 bytes.
	maxName = 128
)
