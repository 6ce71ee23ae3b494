package sanitize

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestALogIsPassedOnLineByLine(t *testing.T) {
	var writes []string
	w := NewWriter(writerFunc(func(p []byte) (int, error) {
		writes = append(writes, string(p))
		return len(p), nil
	}), NewRedactor([]string{"correct-horse"}, nil), 100)
	for _, chunk := range []string{"one\ntw", "o correct-", "horse\r\n", "\x1b[2J\n\nlast"} {
		if n, err := w.Write([]byte(chunk)); n != len(chunk) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"one\n", "two [redacted]\n", "\\x1b[2J\n", "\n", "last\n"}
	if diff := cmp.Diff(want, writes); diff != "" {
		t.Error(diff)
	}
	if w.Dropped() != 0 {
		t.Error("dropped", w.Dropped())
	}
}

func TestALineOfTenMegabytesIsCutAndCounted(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, nil, 100)
	chunk := bytes.Repeat([]byte("x"), 10_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(w, "\nnext\n")
	runtime.ReadMemStats(&after)
	if got, want := out.String(), strings.Repeat("x", 85)+Truncated+"\nnext\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if w.Dropped() != 10_000_000-100 {
		t.Error("dropped", w.Dropped())
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 100_000 {
		t.Error("bytes allocated:", spent)
	}
}

func TestASecretAcrossTheCutOfALineDoesNotLeakItsBeginning(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, NewRedactor([]string{"correct-horse-battery"}, nil), 40)
	fmt.Fprint(w, strings.Repeat("x", 20), " correct-horse-battery-staple\n")
	if strings.Contains(out.String(), "corr") {
		t.Error(out.String())
	}
}

func TestAFailingWriterIsReportedWithItsCause(t *testing.T) {
	cause := errors.New("broken pipe")
	w := NewWriter(writerFunc(func([]byte) (int, error) { return 0, cause }), nil, 100)
	if _, err := w.Write([]byte("x\n")); !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestATailKeepsTheLastLinesAndCountsTheOthers(t *testing.T) {
	tail := NewTail(nil, 3, 100)
	for i := range 10 {
		fmt.Fprintf(tail, "line %d\n", i)
	}
	fmt.Fprint(tail, "half")
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"line 8", "line 9", "half"}, tail.Lines()); diff != "" {
		t.Error(diff)
	}
	if tail.Dropped() != 8 {
		t.Error("dropped", tail.Dropped())
	}
}

func FuzzWriter(f *testing.F) {
	f.Add([]byte("a\nb\x1b\xff"), 3, 40)
	f.Fuzz(func(t *testing.T, data []byte, chunk, limit int) {
		limit, chunk = min(max(limit, 1), 1<<12), max(chunk, 1)
		var out bytes.Buffer
		w := NewWriter(&out, nil, limit)
		for rest := data; len(rest) > 0; {
			n := min(chunk, len(rest))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			checkSafe(t, strings.TrimSuffix(line, "\n"), limit, "\t")
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
