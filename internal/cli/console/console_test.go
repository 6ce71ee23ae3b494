package console

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestADurationIsShownAsAPersonWouldSayIt(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:                        "0s",
		0:                                   "0ms",
		240 * time.Millisecond:              "240ms",
		1390 * time.Millisecond:             "1.3s",
		12*time.Second + 900e6:              "12s",
		3*time.Minute + 12*time.Second:      "3m12s",
		2*time.Hour + 5*time.Minute:         "2h5m",
		3*24*time.Hour + 4*time.Hour + 10e9: "3d4h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v is shown as %q, not %q", d, got, want)
		}
	}
}

func TestTextIsBrokenAtSpacesAndLongWordsStayWhole(t *testing.T) {
	got := Wrap("a bb ccc https://example.org/very/long dd\n  x: [1,\n  y", 10)
	want := []string{"a bb ccc", "https://example.org/very/long", "dd", "  x: [1,", "  y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWidthsCountColumnsAndNotBytes(t *testing.T) {
	if Width("✔ 日本") != 6 {
		t.Errorf("width %d", Width("✔ 日本"))
	}
	if got := Cut("日本語の", 5); Width(got) > 5 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %q", got)
	}
	if Cut("x", 0) != "" || Pad("ab", 4) != "ab  " {
		t.Error("cut or pad is wrong")
	}
}

func TestATableIsAlignedAndBreaksItsLastColumnBetweenItems(t *testing.T) {
	got := Table(Style{}, 30, []string{"SERVICE", "PORTS"}, [][]Cell{
		{Plain("web"), Plain("127.0.0.1:80, 127.0.0.1:443, 127.0.0.1:8080")},
		{Plain("database"), Plain("")},
	})
	want := `SERVICE   PORTS
web       127.0.0.1:80,
          127.0.0.1:443,
          127.0.0.1:8080
database
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestColoursAreLeftOutWhereNobodyCanSeeThem(t *testing.T) {
	if got := (Style{}).Bad("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	coloured := Style{Colour: true}
	if got := coloured.Bad("x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if coloured.Tint(0, "x") == coloured.Tint(1, "x") || coloured.Tint(0, "x") != coloured.Tint(10, "x") {
		t.Error("tints do not repeat as they should")
	}
}

func TestNounsFollowTheirNumber(t *testing.T) {
	if Count(1, "service") != "1 service" || Count(0, "service") != "0 services" || Count(2, "process") != "2 processes" {
		t.Error(Count(1, "service"), Count(0, "service"), Count(2, "process"))
	}
}
