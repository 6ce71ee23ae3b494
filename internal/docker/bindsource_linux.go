package docker

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stackctl/stackctl/orchestrator"
	"golang.org/x/sys/unix"
)

// processView is the file system that a process of this host sees.
type processView struct {
	// root is a descriptor of its root directory, -1 when this user may not open it.
	root int
	// ours says that the process is the container's and sees this host's files.
	ours bool
}

// openProcess opens the view of the main process of a container. The kernel lists
// the container's ID among the process's control groups, which any user may read:
// without it the number is one of another process namespace. managed are files that
// the engine mounts into each container, by their path there, with their path on
// its host: one that is the same from here shows that its host's files are ours.
func openProcess(pid int, id string, managed map[string]string) processView {
	proc := "/proc/" + strconv.Itoa(pid)
	groups, err := os.ReadFile(proc + "/cgroup")
	if err != nil || !bytes.Contains(groups, []byte(id)) {
		return processView{root: -1}
	}
	root, err := unix.Open(proc+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return processView{root: -1, ours: !inContainer()}
	}
	v := processView{root: root}
	for inside, source := range managed {
		here, found := identify(unix.AT_FDCWD, source)
		v.ours = v.ours || found && v.has(inside, here)
	}
	return v
}

// fileID identifies a file among all of this host.
type fileID struct {
	device    [2]uint32
	inode     uint64
	directory bool
	// elsewhere says that it is no mount point: what leads there leads somewhere else
	// than when the container was made.
	elsewhere bool
}

// isSame says whether both are one file.
func (f fileID) isSame(other fileID) bool { return f.device == other.device && f.inode == other.inode }

// identify returns the identity of the file at path, or of the descriptor at when
// path is "".
func identify(at int, path string) (fileID, bool) {
	var s unix.Statx_t
	flags := 0
	if path == "" {
		if at < 0 {
			return fileID{}, false
		}
		flags = unix.AT_EMPTY_PATH
	}
	if unix.Statx(at, path, flags, unix.STATX_INO|unix.STATX_TYPE, &s) != nil {
		return fileID{}, false
	}
	return fileID{
		device: [2]uint32{s.Dev_major, s.Dev_minor}, inode: s.Ino, directory: s.Mode&unix.S_IFMT == unix.S_IFDIR,
		elsewhere: s.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 && s.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0,
	}, true
}

// identity is that of the file at a path of the container; links in it lead within
// the container's root.
func (v processView) identity(path string) (fileID, bool) {
	fd, err := unix.Openat2(v.root, strings.TrimPrefix(path, "/"), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT,
	})
	if err != nil {
		return fileID{}, false
	}
	defer func() { _ = unix.Close(fd) }() // it was only looked at
	return identify(fd, "")
}

// has says whether the container has that file at a path.
func (v processView) has(path string, file fileID) bool {
	there, ok := v.identity(path)
	return ok && there.isSame(file)
}

// inContainer says whether this process runs in a container itself.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
			return true
		}
	}
	return false
}

func (v processView) close() {
	if v.root >= 0 {
		_ = unix.Close(v.root) // it was only looked through
	}
}

// compare says whether source on this host is what the container, which started at
// a time, has at destination.
func (v processView) compare(source, destination string, started time.Time) orchestrator.SourceState {
	if !v.ours {
		return orchestrator.SourceUnknown
	}
	var there unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, source, 0, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &there) != nil || !keepsInodes(source) {
		return orchestrator.SourceUnknown
	}
	if v.root < 0 {
		return timesOf(there).byTimes(started)
	}
	inside, ok := v.identity(destination)
	switch here, found := identify(unix.AT_FDCWD, source); {
	case !ok || !found || inside.elsewhere:
		return orchestrator.SourceUnknown
	case here.directory != inside.directory:
		return orchestrator.SourceOtherKind
	case !here.isSame(inside):
		return orchestrator.SourceReplaced
	}
	return orchestrator.SourceSame
}

// changedAt is when a file was written or made, whatever is later.
func changedAt(path string, info os.FileInfo) time.Time {
	var s unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &s) != nil {
		return info.ModTime()
	}
	if t := timesOf(s); t.born.After(t.modified) {
		return t.born
	}
	return info.ModTime()
}

func timesOf(s unix.Statx_t) fileTimes {
	moment := func(t unix.StatxTimestamp) time.Time { return time.Unix(t.Sec, int64(t.Nsec)) }
	t := fileTimes{changed: moment(s.Ctime), modified: moment(s.Mtime)}
	if s.Mask&unix.STATX_BTIME != 0 {
		t.born = moment(s.Btime)
	}
	return t
}

// keepsInodes says whether a file keeps its inode number for as long as it exists:
// network and user-space file systems may give it another one at each look-up.
func keepsInodes(path string) bool {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil {
		return false
	}
	switch int64(fs.Type) {
	case unix.FUSE_SUPER_MAGIC, unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.V9FS_MAGIC, unix.AFS_SUPER_MAGIC:
		return false
	}
	return true
}
