package progress

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/cli/console"
	"github.com/stackctl/stackctl/orchestrator"
)

// live redraws the board in place on a terminal.
type live struct {
	out   io.Writer
	style console.Style
	size  func() (width, height int)
	board *board
	// drawn is how many lines the last picture took.
	drawn int
}

// The control sequences that are used, ECMA-48 and DEC private mode 25.
const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearLine  = "\x1b[2K"
	clearBelow = "\x1b[J"
)

// The smallest terminal that is drawn for; what is smaller gets its lines cut
// by the terminal itself.
const (
	minWidth  = 40
	minHeight = 4
)

func newLive(o Options) *live {
	v := &live{out: o.Out, style: o.Style, size: o.Size, board: newBoard(o)}
	v.write(hideCursor)
	return v
}

func (v *live) show(events []orchestrator.Progress) {
	for _, p := range events {
		v.board.apply(p, v.style)
	}
}

// print puts finished text above the board.
func (v *live) print(text string) {
	v.board.said = append(v.board.said, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
}

func (v *live) tick(now time.Time) { v.draw(now) }

func (v *live) finish(r *orchestrator.Report) {
	now := time.Now()
	v.board.conclude(r, now)
	v.draw(now)
	v.write(showCursor)
}

// draw replaces the last picture by the present one in a single write, so
// that nothing flickers.
func (v *live) draw(now time.Time) {
	width, height := v.size()
	width, height = max(width, minWidth), max(height, minHeight)
	var b strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", v.drawn)
	}
	for _, line := range v.board.said {
		b.WriteString(clearLine + line + "\n")
	}
	v.board.said = nil
	lines := v.board.lines(now, width-1, height-1, v.style)
	for _, line := range lines {
		b.WriteString(clearLine + line + "\n")
	}
	b.WriteString(clearBelow)
	v.drawn = len(lines)
	v.write(b.String())
}

// write drops what a closed terminal will not take: the run goes on.
func (v *live) write(text string) { _, _ = io.WriteString(v.out, text) }
