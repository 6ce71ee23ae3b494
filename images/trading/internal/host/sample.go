// Package host reads the figures of the machine that the containers run on.
package host

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Sample is the machine's state at one moment. Sizes are in bytes.
type Sample struct {
	Load1             float64 `json:"load1" db:"load1"`
	MemoryTotal       int64   `json:"memory_total_bytes" db:"memory_total_bytes"`
	MemoryAvailable   int64   `json:"memory_available_bytes" db:"memory_available_bytes"`
	DataDiskTotal     int64   `json:"data_disk_total_bytes" db:"data_disk_total_bytes"`
	DataDiskAvailable int64   `json:"data_disk_available_bytes" db:"data_disk_available_bytes"`
}

// ErrFormat is a file of /proc that does not look as it should.
var ErrFormat = errors.New("unexpected format")

// Read takes a sample: load and memory from the proc file system, disk space
// of the file system that holds dataDir.
func Read(proc, dataDir string) (Sample, error) {
	var s Sample
	var err error
	if s.Load1, err = load(filepath.Join(proc, "loadavg")); err != nil {
		return s, err
	}
	if s.MemoryTotal, s.MemoryAvailable, err = memory(filepath.Join(proc, "meminfo")); err != nil {
		return s, err
	}
	s.DataDiskTotal, s.DataDiskAvailable, err = disk(dataDir)
	return s, err
}

func load(path string) (float64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read load: %w", err)
	}
	fields := strings.Fields(string(content))
	if len(fields) == 0 {
		return 0, fmt.Errorf("read load: %w: %s is empty", ErrFormat, path)
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0, fmt.Errorf("read load: %w", err)
	}
	return value, nil
}

func memory(path string) (total, available int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("read memory: %w", err)
	}
	defer func() { _ = file.Close() }()
	found := map[string]int64{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, size, ok := memoryLine(lines.Text())
		if ok {
			found[name] = size
		}
	}
	if err := lines.Err(); err != nil {
		return 0, 0, fmt.Errorf("read memory: %w", err)
	}
	total, hasTotal := found["MemTotal"]
	available, hasAvailable := found["MemAvailable"]
	if !hasTotal || !hasAvailable {
		return 0, 0, fmt.Errorf("read memory: %w: no MemTotal or MemAvailable in %s", ErrFormat, path)
	}
	return total, available, nil
}

func memoryLine(line string) (name string, size int64, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[2] != "kB" {
		return "", 0, false
	}
	kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
	return strings.TrimSuffix(fields[0], ":"), kilobytes << 10, err == nil
}

func disk(path string) (total, available int64, err error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, 0, fmt.Errorf("read disk space of %s: %w", path, err)
	}
	//nolint:gosec // no disk has more blocks than a signed number counts
	return int64(stat.Blocks) * stat.Bsize, int64(stat.Bavail) * stat.Bsize, nil
}
