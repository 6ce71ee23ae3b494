package console

import "strings"

// Cell is one field of a table: its text and how it is painted.
type Cell struct {
	Text string
	// Paint colours the text; nil leaves it plain.
	Paint func(string) string
}

// Plain is a cell without colour.
func Plain(text string) Cell { return Cell{Text: text} }

// Table lays rows out under a header, columns aligned and two spaces apart;
// the last column is not filled up. With width above 0, the last column is
// broken at ", " so that lines fit where that is possible.
func Table(style Style, width int, header []string, rows [][]Cell) string {
	widths := make([]int, len(header))
	for i, title := range header {
		widths[i] = Width(title)
	}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], Width(cell.Text))
		}
	}
	var b strings.Builder
	titles := make([]Cell, len(header))
	for i, title := range header {
		titles[i] = Cell{Text: title, Paint: style.Dim}
	}
	writeRow(&b, widths, titles)
	for _, row := range rows {
		for _, line := range breakLast(row, widths, width) {
			writeRow(&b, widths, line)
		}
	}
	return b.String()
}

func writeRow(b *strings.Builder, widths []int, row []Cell) {
	last := len(row) - 1
	for last > 0 && row[last].Text == "" {
		last--
	}
	for i, cell := range row[:last+1] {
		text, filler := cell.Text, ""
		if i < last {
			filler = strings.Repeat(" ", widths[i]-Width(text)+2)
		}
		if cell.Paint != nil {
			text = cell.Paint(text)
		}
		b.WriteString(text + filler)
	}
	b.WriteByte('\n')
}

// breakLast spreads the items of the last cell over several rows.
func breakLast(row []Cell, widths []int, width int) [][]Cell {
	last := len(row) - 1
	before := 0
	for _, w := range widths[:last] {
		before += w + 2
	}
	cell := row[last]
	if width <= 0 || before+Width(cell.Text) <= width || !strings.Contains(cell.Text, ", ") {
		return [][]Cell{row}
	}
	var out [][]Cell
	items := strings.Split(cell.Text, ", ")
	for len(items) > 0 {
		n, text := 1, items[0]
		for n < len(items) && before+Width(text+", "+items[n])+1 <= width {
			text += ", " + items[n]
			n++
		}
		items = items[n:]
		if len(items) > 0 {
			text += ","
		}
		line := make([]Cell, len(row))
		if len(out) == 0 {
			copy(line, row)
		}
		line[last] = Cell{Text: text, Paint: cell.Paint}
		out = append(out, line)
	}
	return out
}
