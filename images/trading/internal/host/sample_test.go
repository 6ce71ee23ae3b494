package host

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func proc(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheFiguresAreRead(t *testing.T) {
	dir := proc(t, map[string]string{
		"loadavg": "1.25 0.80 0.50 2/300 4711\n",
		"meminfo": "MemTotal:       2048 kB\nMemFree:         512 kB\nMemAvailable:   1024 kB\nHugePages_Total:   0\n",
	})
	s, err := Read(dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Load1 != 1.25 || s.MemoryTotal != 2<<20 || s.MemoryAvailable != 1<<20 {
		t.Errorf("read %+v", s)
	}
	if s.DataDiskTotal <= 0 || s.DataDiskAvailable < 0 || s.DataDiskAvailable > s.DataDiskTotal {
		t.Errorf("disk is %+v", s)
	}
}

func TestAMissingFigureIsAnErrorAndNotZero(t *testing.T) {
	dir := proc(t, map[string]string{"loadavg": "0.1 0 0\n", "meminfo": "MemTotal: 2048 kB\n"})
	if _, err := Read(dir, dir); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v", err)
	}
	if _, err := Read(proc(t, map[string]string{"loadavg": ""}), dir); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v", err)
	}
	if _, err := Read(t.TempDir(), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
