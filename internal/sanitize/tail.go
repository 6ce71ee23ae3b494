package sanitize

import "io"

// Tail keeps the last lines of what is written to it, sanitised and redacted,
// in bounded memory. It is not safe for concurrent use.
type Tail struct {
	writer *Writer
	lines  lastLines
}

var _ io.WriteCloser = (*Tail)(nil)

// NewTail returns a Tail of at most lines lines of at most maxLine bytes each.
// r may be nil.
func NewTail(r *Redactor, lines, maxLine int) *Tail {
	t := &Tail{lines: lastLines{limit: max(lines, 1)}}
	t.writer = NewWriter(&t.lines, r, maxLine)
	return t
}

// Write takes all of p; it never fails.
func (t *Tail) Write(p []byte) (int, error) { return t.writer.Write(p) }

// Close ends a last line that had no line break. It never fails.
func (t *Tail) Close() error { return t.writer.Close() }

// Lines returns the last complete lines, oldest first.
func (t *Tail) Lines() []string {
	ordered := make([]string, 0, len(t.lines.ring))
	ordered = append(ordered, t.lines.ring[t.lines.next:]...)
	return append(ordered, t.lines.ring[:t.lines.next]...)
}

// Dropped returns how many earlier lines were let go.
func (t *Tail) Dropped() int64 { return t.lines.dropped }

// lastLines is a ring of lines; each Write is one line with its line break.
type lastLines struct {
	limit int
	ring  []string
	// next is the oldest entry, and the one to be overwritten.
	next    int
	dropped int64
}

func (l *lastLines) Write(p []byte) (int, error) {
	line := string(p[:len(p)-1])
	if len(l.ring) < l.limit {
		l.ring = append(l.ring, line)
		return len(p), nil
	}
	l.ring[l.next] = line
	l.next = (l.next + 1) % l.limit
	l.dropped++
	return len(p), nil
}
