package sanitize

import (
	"bytes"
	"fmt"
	"io"
)

// Writer passes a log stream on line by line, sanitised and redacted. Its
// memory is bounded by the longest line it may show, whatever is written. It is
// not safe for concurrent use.
type Writer struct {
	out      io.Writer
	redactor *Redactor
	limit    int
	line     []byte
	// cut is how many bytes of the current line were not kept.
	cut     int64
	dropped int64
}

var _ io.WriteCloser = (*Writer)(nil)

// NewWriter returns a Writer that writes lines of at most maxLine bytes, the
// line break not counted, to out: each line in one Write. r may be nil.
func NewWriter(out io.Writer, r *Redactor, maxLine int) *Writer {
	return &Writer{out: out, redactor: r, limit: max(maxLine, minBound)}
}

// Write takes all of p. An error is the underlying writer's.
func (w *Writer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		w.keep(line)
		if !ended {
			break
		}
		if err := w.flush(); err != nil {
			return len(p) - len(after), err
		}
		rest = after
	}
	return len(p), nil
}

// Close writes a last line that had no line break. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	if len(w.line) == 0 && w.cut == 0 {
		return nil
	}
	return w.flush()
}

// Dropped returns how many bytes were received and not passed on because
// their lines were too long.
func (w *Writer) Dropped() int64 { return w.dropped }

// keep adds to the current line what has room there.
func (w *Writer) keep(p []byte) {
	room := min(w.limit-len(w.line), len(p))
	w.line = append(w.line, p[:room]...)
	w.cut += int64(len(p) - room)
}

func (w *Writer) flush() error {
	text := w.shown()
	w.dropped += w.cut
	w.line, w.cut = w.line[:0], 0
	if _, err := io.WriteString(w.out, text+"\n"); err != nil {
		return fmt.Errorf("write log line: %w", err)
	}
	return nil
}

func (w *Writer) shown() string {
	if w.cut == 0 {
		return Text(w.redactor.Redact(string(w.line)), w.limit)
	}
	return bounded(w.redactor.RedactCut(string(w.line)), w.limit, true, escapeInText)
}
