//go:build browser

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackctl/stackctl/e2e/browser"
)

// reader is a browser that looks at a page.
type reader struct {
	*browser.Browser
	t   *testing.T
	ctx context.Context
}

// read opens a page in a browser.
func read(t *testing.T, url string) reader {
	t.Helper()
	program := browser.Find()
	if program == "" {
		t.Fatal("there is no chromium: apt-get install --no-install-recommends chromium")
	}
	dir, err := os.MkdirTemp("", "stackctl-browser-")
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	b, err := browser.Start(ctx, program, dir)
	must(t, err)
	t.Cleanup(func() {
		b.Close()
		cancel()
		_ = os.RemoveAll(dir) // the browser's helpers may still write
	})
	r := reader{b, t, ctx}
	must(t, b.Look(ctx, 1280, 900, false))
	must(t, b.Open(ctx, url))
	return r
}

// until waits for an expression in the page to be true.
func (r reader) until(expression string) {
	r.t.Helper()
	eventually(r.t, time.Minute, expression, func() bool {
		var ok bool
		return r.Eval(r.ctx, "Boolean("+expression+")", &ok) == nil && ok
	})
}

// shoot keeps a picture of the page where STACKCTL_SHOTS names a directory.
func (r reader) shoot(name string, width int, dark bool) {
	r.t.Helper()
	must(r.t, r.Look(r.ctx, width, 900, dark))
	var wide bool
	must(r.t, r.Eval(r.ctx, fmt.Sprintf("document.documentElement.scrollWidth > %d", width), &wide))
	if wide {
		r.t.Errorf("%s: the page is wider than the window", name)
	}
	data, err := r.Screenshot(r.ctx)
	must(r.t, err)
	if dir := os.Getenv("STACKCTL_SHOTS"); dir != "" {
		must(r.t, os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644))
	}
	must(r.t, r.Look(r.ctx, 1280, 900, false))
}

func TestThePageShowsAKillWhileItIsHealedAndTakesWishesFromTheKeyboard(t *testing.T) {
	s := newStack(t, trio).supervise()
	s.says(0, "proven")
	r := read(t, s.page())
	r.until(`document.querySelector("#verdict").textContent.includes("✔ proven")`)
	r.until(`document.querySelectorAll("article").length === 3 && document.querySelectorAll(".node.good").length === 3`)
	r.shoot("light", 1280, false)
	r.shoot("dark", 1280, true)
	r.shoot("phone", 390, false)

	// What is killed is seen, and then its recovery, without a reload.
	must(t, r.Eval(r.ctx, `window.same = true; window.seen = []; new MutationObserver(() => {
		window.seen.push(document.querySelector("#service-db .pill").textContent)}).observe(
		document.querySelector("#service-db"), {subtree: true, childList: true, characterData: true})`, nil))
	engine(t, "POST", "/containers/"+s.only("db").ID+"/kill?signal=KILL", "")
	r.until(`window.same && window.seen.some((w) => !w.includes("healthy"))`)
	r.until(`document.querySelector("#verdict").textContent.includes("✔ proven")`)
	r.until(`document.querySelector("#service-db").textContent.includes("last healed in")`)

	// A card opens with the keyboard and follows the log.
	must(t, r.Eval(r.ctx, `document.querySelector("#service-lone summary").focus()`, nil))
	must(t, r.Key(r.ctx, "Enter", 13))
	r.until(`document.querySelector("#service-lone .log").textContent.includes("listening on")`)
	r.shoot("card", 1280, false)

	// Stop asks once more, and what was stopped stays so.
	press := func(wish string) {
		must(t, r.Eval(r.ctx, `document.querySelector("#service-lone button[data-wish=`+wish+`]").focus()`, nil))
		must(t, r.Key(r.ctx, "Enter", 13))
	}
	press("stop")
	r.until(`document.querySelector("#service-lone button.sure")`)
	press("stop")
	r.until(`document.querySelector("#service-lone .pill").textContent.includes("stopped by hand")`)
	press("start")
	r.until(`document.querySelector("#service-lone .pill").textContent.includes("healthy")`)

	// Nothing was refused by the page's own policy.
	var refused []string
	must(t, r.Eval(r.ctx, `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin))`, &refused))
	if len(refused) > 0 {
		t.Errorf("it asked elsewhere for %s", strings.Join(refused, ", "))
	}
}

func TestThePageShowsWhatIsGivenUpWithItsCardAndItsLog(t *testing.T) {
	file := strings.Replace(trio, "command: [serve]\n    environment", "command: [exit, \"3\", say=the key is missing]\n    environment", 1) +
		"x-stackctl: {supervise: {budget: 2, backoff: 1s}}\n"
	s := newStack(t, file).supervise()
	s.says(0, "gave up", "service=lone")
	r := read(t, s.page()+"#service-lone")
	r.until(`document.querySelector("#service-lone.bad .pill").textContent.includes("given up")`)
	r.until(`document.querySelector("#alarm").textContent.includes("lone") && !document.querySelector("#alarm").hidden`)
	r.until(`document.querySelector(".node.bad[data-name=lone]") && document.querySelectorAll(".node.good").length === 2`)
	// The address named the service: its card is open, with the reason, the
	// conditions, and the last words of the process.
	r.until(`document.querySelector("#service-lone details").open`)
	r.until(`document.querySelector("#service-lone .doing").textContent.includes("2 starts within")`)
	r.until(`document.querySelector("#service-lone table").textContent.includes("exited(3)")`)
	r.until(`document.querySelector("#service-lone .log").textContent.includes("the key is missing")`)
	r.until(`document.title.startsWith("✖")`)
	// What is healed meanwhile is shown beside it.
	engine(t, "POST", "/containers/"+s.only("db").ID+"/kill?signal=KILL", "")
	r.until(`["busy", "bad"].includes(document.querySelector("#service-db").className)`)
	r.shoot("bad-light", 1280, false)
	r.shoot("bad-dark", 1280, true)
	r.shoot("bad-phone", 390, true)
	r.until(`document.querySelector("#service-db").className === "good" && document.querySelector("#service-lone").className === "bad"`)
}

func TestThePageSaysThatTheConnectionIsLostAndIsRightAgain(t *testing.T) {
	s := newStack(t, one)
	port := freePort(t)
	first := s.supervise("--listen", "127.0.0.1:"+port)
	first.says(0, "proven")
	r := read(t, first.page())
	r.until(`document.querySelector("#verdict").textContent.includes("✔ proven")`)
	_ = first.end(9)
	r.until(`document.querySelector("#link").textContent.includes("lost")`)
	s.expect(0, nil, "stop", "-t", "1")
	second := s.supervise("--listen", "127.0.0.1:"+port)
	second.says(0, "page")
	r.until(`document.querySelector("#link").textContent === "live"`)
	r.until(`document.querySelector("#service-app .pill").textContent.includes("stopped by hand")`)
}
