package orchestrator

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"
)

// lastWord is what a program says when it gives up, and what can be done about it.
type lastWord struct {
	// form matches the whole of what is said, not a word that other lines have too.
	form *regexp.Regexp
	// hint has %s where the volume is to be named that holds the data.
	hint string
}

// lastWords are those of programs that people often run. They choose a hint and
// nothing else.
//
//nolint:gochecknoglobals // compiled once, never changed
var lastWords = sync.OnceValue(func() []lastWord {
	var all []lastWord
	for _, known := range [][2]string{
		{`database files are incompatible with server`, "%s holds data of another major version: dump it with the image of that version and restore it, or stay with that image (nothing was deleted)"},
		{`is not empty and is not a database`, "%s holds other files: give the database a directory or volume of its own"},
		{`directory "[^"]+" exists but is not empty`, "%s is left from an initialisation that did not end, or holds other files: if nothing in it is needed, remove it and start anew"},
		{`superuser password is not specified|must specify POSTGRES_PASSWORD`, "the database is new and needs a password: set POSTGRES_PASSWORD_FILE (a secret) or POSTGRES_PASSWORD"},
		{`data directory "[^"]+" has wrong ownership`, "the data directory belongs to another user than the server's: chown it on the host, or use a named volume"},
		{`data directory "[^"]+" has invalid permissions`, "the data directory must be closed to others (mode 0700): chmod it on the host, or use a named volume"},
		{`in old Docker images`, "the image of this version keeps its data in a directory of its own: mount the volume at /var/lib/postgresql"},
		{`could not write lock file`, "the disk of %s is full, or closed for writing"},
		{`: No space left on device`, "a disk is full: docker system df says what uses it, %s may be what is full"},
		{`exec format error|Exec format error$`, "the image is for another platform, or the script has no #! line: set platform:, or use an image for this one"},
		{`^exec /\S+: no such file or directory$`, missingProgramHint},
		{`^exec /\S+: [Pp]ermission denied$`, notExecutableHint},
		{readOnlyWords, "the container is read_only: give it a tmpfs or a volume for the path that is named"},
		{`(?:bind|listen)\S*:? .*[Aa]ddress already in use|[Aa]ddress already in use.*:\d+|(?:bind|listen)\S*: address already in use|EADDRINUSE|: Address already in use|\(98: Address already in use\)|\[Errno 98\]`, "another process in the same network namespace has the port: look at network_mode and at what the container starts"},
		{`bind: permission denied|(?:bind|listen).*(?:\(13: Permission denied\)|EACCES)`, "a user without capabilities may not listen below port 1024 here: listen on a higher port, or look at cap_drop: and user:"},
		{`: Operation not permitted\.?$|\[Errno 1\] Operation not permitted`, "a capability may be missing: look at cap_drop and no-new-privileges"},
		{`: [Pp]ermission denied\.?$|\[Errno 13\] Permission denied|EACCES: permission denied|\(13: Permission denied\)`, "the container's user may not do that: look at user:, cap_drop: and the owner of what is mounted"},
	} {
		all = append(all, lastWord{regexp.MustCompile(known[0]), known[1]})
	}
	return all
})

// socketFile matches what is said of a socket file, which is no port.
//
//nolint:gochecknoglobals // compiled once, never changed
var socketFile = regexp.MustCompile(`\.sock\b|listen unix|publickey`)

// logHint is what can be done about the last words of a container: the newest
// line that is known decides.
func logHint(lines []string, c Container) string {
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		for _, known := range lastWords() {
			if !known.form.MatchString(line) || socketFile.MatchString(line) && strings.Contains(known.hint, "port") {
				continue
			}
			if m, ok := closedMount(line, c); ok && known.form.String() == readOnlyWords {
				return fmt.Sprintf("%s is mounted read-only at %s, and the container writes there: take :ro, or read_only: true, away", m.called(), m.Destination)
			}
			if strings.Contains(known.hint, "%s") {
				return fmt.Sprintf(known.hint, dataName(c))
			}
			return known.hint
		}
	}
	return ""
}

// readOnlyWords are the kernel's for a write to what is closed for writing.
const readOnlyWords = "Read-only file system"

// closedMount is the mount, closed for writing, in which a path lies that a line
// names, or the container's PGDATA: a database names its files without it.
func closedMount(line string, c Container) (Mount, bool) {
	for _, m := range c.Mounts {
		if !m.Writable && m.Destination != "/" && (strings.Contains(line, m.Destination) || under(dataDir(c), m.Destination)) {
			return m, true
		}
	}
	return Mount{}, false
}

// dataDir is the container's PGDATA, "" for none.
func dataDir(c Container) string {
	dir := ""
	for _, kv := range c.Env {
		if value, ok := strings.CutPrefix(kv, "PGDATA="); ok {
			dir = path.Clean(value)
		}
	}
	return dir
}

// under says whether a path is a directory or lies below it.
func under(name, dir string) bool {
	return name != "" && (name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/"))
}

// called is what a mount is called by who declared it.
func (m Mount) called() string {
	if m.Name != "" {
		return "volume " + m.Name
	}
	return "directory " + m.Source
}

// dataName names the volume or directory that holds a container's data: the one
// at its PGDATA, else its only one.
func dataName(c Container) string {
	data, best := dataDir(c), Mount{}
	for _, m := range c.Mounts {
		over := under(data, m.Destination)
		if m.Writable && (over || len(c.Mounts) == 1) && len(m.Destination) >= len(best.Destination) {
			best = m
		}
	}
	switch {
	case best.Name != "":
		return "volume " + best.Name
	case best.Source != "":
		return "directory " + best.Source
	}
	return "the data directory"
}
