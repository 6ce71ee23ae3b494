package orchestrator

import (
	"fmt"
	"path"
	"strings"
)

// lastWords are what programs that people often run say when they give up, and
// what can be done about it. They choose a hint and nothing else. %s stands for
// the volume that holds the data.
func lastWords() []struct{ words, hint string } {
	return []struct{ words, hint string }{
		{"database files are incompatible with server", "%s holds data of another major version: dump it with the image of that version and restore it, or stay with that image (nothing was deleted)"},
		{"is not empty and is not a database", "%s holds other files: give the database a directory or volume of its own"},
		{"exists but is not empty", "%s is left from an initialisation that did not end, or holds other files: if nothing in it is needed, remove it and start anew"},
		{"POSTGRES_PASSWORD", "the database is new and needs a password: set POSTGRES_PASSWORD_FILE (a secret) or POSTGRES_PASSWORD"},
		{"has wrong ownership", "the data directory belongs to another user than the server's: chown it on the host, or use a named volume"},
		{"has invalid permissions", "the data directory must be closed to others (mode 0700): chmod it on the host, or use a named volume"},
		{"in old Docker images", "the image of this version keeps its data in a directory of its own: mount the volume at /var/lib/postgresql"},
		{"could not write lock file", "the disk of %s is full, or closed for writing"},
		{"No space left on device", "a disk is full: docker system df says what uses it, %s may be what is full"},
		{"exec format error", "the image is for another platform: set platform:, or use an image for this one"},
		{readOnlyWords, "the container is read_only: give it a tmpfs or a volume for the path that is named"},
		{"Address already in use", "another process in the same network namespace has the port: look at network_mode and at what the container starts"},
		{"address already in use", "another process in the same network namespace has the port: look at network_mode and at what the container starts"},
		{"Operation not permitted", "a capability may be missing: look at cap_drop and no-new-privileges"},
		{"Permission denied", "the container's user may not do that: look at user:, cap_drop: and the owner of what is mounted"},
		{"permission denied", "the container's user may not do that: look at user:, cap_drop: and the owner of what is mounted"},
	}
}

// logHint is what can be done about the last words of a container: the newest
// line that is known decides.
func logHint(lines []string, c Container) string {
	for i := len(lines) - 1; i >= 0; i-- {
		for _, known := range lastWords() {
			if !strings.Contains(lines[i], known.words) {
				continue
			}
			if m, ok := closedMount(lines[i], c); ok && known.words == readOnlyWords {
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

// startHint is what can be done about a container that the engine could not
// start, by the engine's words.
func startHint(said string) string {
	for _, known := range []struct{ words, hint string }{
		{"exec format error", "the image is for another platform, or its entrypoint is a script without a #! line: set platform:, or use an image for this one"},
		{"executable file not found", "the program is not in the image: look at entrypoint: and command:"},
		{"no such file or directory", "the program, or the interpreter in its #! line, is not in the image: look at entrypoint: and command:"},
		{"permission denied", "the program is not executable for the container's user: chmod +x in the image, or look at user: and at mounts with noexec"},
		{"not a directory", "a file is mounted where a directory is, or the other way round: look at volumes:"},
	} {
		if strings.Contains(said, known.words) {
			return known.hint
		}
	}
	return ""
}
