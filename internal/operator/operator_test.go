package operator

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// boss is a supervisor whose snapshots a test makes.
type boss struct {
	mu      sync.Mutex
	latest  *orchestrator.Snapshot
	changed chan struct{}
	wishes  []string
}

func newBoss() *boss { return &boss{changed: make(chan struct{})} }

func (b *boss) Snapshot() (*orchestrator.Snapshot, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest, b.changed
}

func (b *boss) Wish(wish, service string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wishes = append(b.wishes, wish+" "+service)
	if service == "nobody" {
		return fault.New(fault.Usage, "there is no service %q", service)
	}
	return nil
}

func (b *boss) wished() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.wishes, ", ")
}

// show makes a snapshot the newest.
func (b *boss) show(s orchestrator.Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest = &s
	close(b.changed)
	b.changed = make(chan struct{})
}

// snapshot is one of a stack of two services.
func snapshot(t *testing.T, proven bool) orchestrator.Snapshot {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	err := os.WriteFile(file, []byte("services:\n  db: {image: db, ports: [\"5432:5432\"]}\n  web: {image: web, ports: [\"80:80\"], depends_on: [db]}\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compose.Load(t.Context(), compose.Options{Files: []string{file}, Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	s := orchestrator.Snapshot{Pass: 3, EngineErrors: 2, At: time.Now(), Project: p, Report: orchestrator.Report{
		Project: "shop", Dir: p.Dir, Proven: proven,
		Services: []orchestrator.ServiceReport{
			{Name: "db", State: "healthy", Proven: true, Containers: []orchestrator.ContainerReport{{ID: "0123456789abcdef", Name: "shop-db-1", State: "healthy"}}},
			{Name: "web", State: "exited(1)", Proven: proven, Reason: "the word is hunter2hunter2", Class: fault.Service},
		},
	}, Decisions: map[string]orchestrator.Decision{"web": {Verdict: orchestrator.GaveUp, Reason: "5 starts", Starts: 5}}}
	if !proven {
		s.Err = errors.New("web: exited(1)")
	}
	return s
}

// serve answers with a page.
func serve(t *testing.T, b *boss, listen, token string) *httptest.Server {
	t.Helper()
	p, err := NewPage(PageOptions{
		Listen: listen, Token: token, Boss: b, History: NewHistory(), Metrics: NewMetrics(b).Handler(),
		Document: func(s orchestrator.Snapshot) ([]byte, error) {
			return json.Marshal(map[string]any{"proven": s.Report.Proven})
		},
		Logs: func(_ context.Context, id string, _ int, out io.Writer) error {
			_, err := fmt.Fprintf(out, "hello from %s\nsecond line\n", id)
			return err
		},
		Redact: func(s string) string { return strings.ReplaceAll(s, "hunter2hunter2", "REDACTED") },
		Alive:  func() error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.Handler())
	t.Cleanup(server.Close)
	return server
}

// ask makes a request and returns the status and the body.
func ask(t *testing.T, method, url string, change func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	client.CloseIdleConnections()
	return resp.StatusCode, string(body), resp.Header
}

func TestReadyIsProvenAndNothingLess(t *testing.T) {
	b := newBoss()
	server := serve(t, b, "127.0.0.1:0", "")
	for _, c := range []struct {
		name string
		show func()
		code int
	}{
		{"before the first look", func() {}, 503},
		{"not proven", func() { b.show(snapshot(t, false)) }, 503},
		{"proven", func() { b.show(snapshot(t, true)) }, 200},
		{"unchecked", func() { b.show(uncheckedSnapshot(t)) }, 200},
		{"the engine is away", func() { s := snapshot(t, true); s.Err = errors.New("away"); b.show(s) }, 503},
	} {
		c.show()
		if code, body, _ := ask(t, "GET", server.URL+"/readyz", nil); code != c.code {
			t.Errorf("%s: /readyz is %d %s, want %d", c.name, code, body, c.code)
		}
		if code, _, _ := ask(t, "GET", server.URL+"/healthz", nil); code != 200 {
			t.Errorf("%s: /healthz is %d", c.name, code)
		}
	}
}

// uncheckedSnapshot is one in which nothing could prove web.
func uncheckedSnapshot(t *testing.T) orchestrator.Snapshot {
	t.Helper()
	s := snapshot(t, true)
	s.Report.Proven, s.Report.Class = false, fault.Unchecked
	s.Report.Services[1].Proven, s.Report.Services[1].Unchecked, s.Report.Services[1].Class = false, true, fault.Unchecked
	return s
}

func TestTheSupervisorSaysWhatIsUnchecked(t *testing.T) {
	b := newBoss()
	server := serve(t, b, "127.0.0.1:0", "")
	b.show(uncheckedSnapshot(t))
	if _, body, _ := ask(t, "GET", server.URL+"/readyz", nil); !strings.Contains(body, "unchecked: web") {
		t.Errorf("/readyz says %q", body)
	}
	if _, body, _ := ask(t, "GET", server.URL+"/metrics", nil); !strings.Contains(body, `stackctl_service_unchecked{service="web"} 1`) ||
		!strings.Contains(body, `stackctl_stack_proven 0`) {
		t.Errorf("/metrics says %s", body)
	}
	v := MakeView(uncheckedSnapshot(t), NewHistory())
	if v.Proven || len(v.Unchecked) != 1 || v.Error != "" {
		t.Errorf("the page has %+v", v)
	}
}

func TestThePageIsForItsOwnReadersAlone(t *testing.T) {
	b := newBoss()
	b.show(snapshot(t, false))
	server := serve(t, b, "127.0.0.1:0", "")
	code, body, header := ask(t, "GET", server.URL+"/", nil)
	_, rest, _ := strings.Cut(body, `name="word" content="`)
	word, _, _ := strings.Cut(rest, `"`)
	if code != 200 || len(word) != 32 || !strings.Contains(body, "<title>shop") {
		t.Fatalf("the page is %d %s", code, body)
	}
	for key, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Frame-Options": "DENY", "Access-Control-Allow-Origin": ""} {
		if got := header.Get(key); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s is %q", key, got)
		}
	}
	own := func(r *http.Request) { r.Header.Set("Origin", server.URL); r.Header.Set(wordHeader, word) }
	for _, c := range []struct {
		name   string
		method string
		path   string
		change func(*http.Request)
		code   int
	}{
		{"another name", "GET", "/view.json", func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"another name for the health too", "GET", "/healthz", func(r *http.Request) { r.Host = "evil.example:9900" }, 421},
		{"localhost is a name of its own", "GET", "/view.json", func(r *http.Request) { r.Host = "localhost:9900" }, 200},
		{"no word", "POST", "/services/web/restart", func(r *http.Request) { r.Header.Set("Origin", server.URL) }, 403},
		{"another word", "POST", "/services/web/restart", func(r *http.Request) { own(r); r.Header.Set(wordHeader, "x") }, 403},
		{"another origin", "POST", "/services/web/restart", func(r *http.Request) { own(r); r.Header.Set("Origin", "http://evil.example") }, 403},
		{"no origin", "POST", "/services/web/restart", func(r *http.Request) { own(r); r.Header.Del("Origin") }, 403},
		{"another site", "POST", "/services/web/restart", func(r *http.Request) { own(r); r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"a link", "GET", "/services/web/restart", own, 405},
		{"its own button", "POST", "/services/web/restart", own, 202},
		{"nobody's button", "POST", "/services/nobody/stop", own, 400},
	} {
		if code, body, _ := ask(t, c.method, server.URL+c.path, c.change); code != c.code {
			t.Errorf("%s: %d %s, want %d", c.name, code, body, c.code)
		}
	}
	if got := b.wished(); got != "restart web, stop nobody" {
		t.Errorf("the wishes are %q", got)
	}
}

func TestAnAddressThatOthersReachNeedsAToken(t *testing.T) {
	for listen, loopback := range map[string]bool{"127.0.0.1:9900": true, "localhost:1": true, "[::1]:1": true, "0.0.0.0:9900": false, ":9900": false, "10.0.0.1:1": false} {
		if IsLoopback(listen) != loopback {
			t.Errorf("%s is loopback: %t", listen, !loopback)
		}
		if _, err := NewPage(PageOptions{Listen: listen}); (err == nil) != loopback {
			t.Errorf("%s without a token: %v", listen, err)
		}
	}
	const token = "0123456789abcdef0123"
	b := newBoss()
	b.show(snapshot(t, true))
	server := serve(t, b, "0.0.0.0:0", token)
	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	for path, code := range map[string]int{"/": 401, "/view.json": 401, "/metrics": 401, "/events": 401, "/logs/db": 401, "/app.js": 401, "/healthz": 200} {
		if got, _, _ := ask(t, "GET", server.URL+path, nil); got != code {
			t.Errorf("%s without the token is %d", path, got)
		}
	}
	if code, _, _ := ask(t, "GET", server.URL+"/metrics", bearer); code != 200 {
		t.Errorf("with the token, /metrics is %d", code)
	}
	if code, _, _ := ask(t, "POST", server.URL+"/services/db/restart", bearer); code != 202 {
		t.Errorf("with the token, a wish is %d", code)
	}
	login := func(word string) (int, string) {
		code, _, header := ask(t, "POST", server.URL+"/login", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = io.NopCloser(strings.NewReader("token=" + word))
		})
		cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
		return code, cookie
	}
	if code, cookie := login("wrong"); code != 401 || cookie != "" {
		t.Errorf("a wrong token gives %d %q", code, cookie)
	}
	code, cookie := login(token)
	if code != 303 || cookie == "" || strings.Contains(cookie, token) {
		t.Fatalf("the token gives %d %q", code, cookie)
	}
	if code, _, _ := ask(t, "GET", server.URL+"/view.json", func(r *http.Request) { r.Header.Set("Cookie", cookie) }); code != 200 {
		t.Errorf("with the cookie, the page is %d", code)
	}
	if code, _, _ := ask(t, "POST", server.URL+"/services/db/stop", func(r *http.Request) { r.Header.Set("Cookie", cookie) }); code != 403 {
		t.Errorf("the cookie alone is enough for a wish: %d", code)
	}
}

// messages reads server-sent events.
func messages(t *testing.T, url string) (<-chan string, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		event := ""
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- event + " " + data
			}
		}
	}()
	return out, func() {
		cancel()
		<-done
		_ = resp.Body.Close()
		client.CloseIdleConnections()
	}
}

// next is the next message, which comes soon.
func next(t *testing.T, from <-chan string) string {
	t.Helper()
	select {
	case m := <-from:
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("no message came")
		return ""
	}
}

func TestTheStreamSendsTheWholePictureWithoutSecretsWhenItIsAnotherOne(t *testing.T) {
	b := newBoss()
	b.show(snapshot(t, false))
	server := serve(t, b, "127.0.0.1:0", "")
	stream, end := messages(t, server.URL+"/events")
	defer end()
	first := next(t, stream)
	if !strings.HasPrefix(first, "view {") || !strings.Contains(first, `"tone":"bad"`) || !strings.Contains(first, "REDACTED") || strings.Contains(first, "hunter2") {
		t.Errorf("the first message is %s", first)
	}
	b.show(snapshot(t, true))
	if second := next(t, stream); !strings.Contains(second, `"proven":true`) {
		t.Errorf("the second message is %s", second)
	}
	// Who was cut off is right again with the first message.
	again, endAgain := messages(t, server.URL+"/events")
	defer endAgain()
	if m := next(t, again); !strings.Contains(m, `"proven":true`) {
		t.Errorf("after a break the first message is %s", m)
	}
}

func TestALogIsFollowedLineByLine(t *testing.T) {
	b := newBoss()
	b.show(snapshot(t, true))
	server := serve(t, b, "127.0.0.1:0", "")
	stream, end := messages(t, server.URL+"/logs/db")
	defer end()
	for _, want := range []string{`line "hello from 0123456789abcdef"`, `line "second line"`, `end "the container has ended"`} {
		if got := next(t, stream); got != want {
			t.Errorf("the message is %s, want %s", got, want)
		}
	}
	for _, path := range []string{"/logs/nobody", "/logs/db?container=ffff", "/logs/web?container=0123456789ab"} {
		if code, _, _ := ask(t, "GET", server.URL+path, nil); code != 404 {
			t.Errorf("%s is %d", path, code)
		}
	}
	one, endOne := messages(t, server.URL+"/logs/db?container=0123456789ab")
	defer endOne()
	if got := next(t, one); got != `line "hello from 0123456789abcdef"` {
		t.Errorf("the message is %s", got)
	}
}

func TestThePageShowsTheLastWordsOfWhatFailedAndWhatMayHelp(t *testing.T) {
	s := snapshot(t, false)
	s.Report.Cards = []orchestrator.Card{{Service: "web", Hint: "give it a key", Logs: []string{"one", "two", "three", "four"}}}
	v := MakeView(s, NewHistory())
	if web := v.Services[1]; web.Hint != "give it a key" || strings.Join(web.Said, " ") != "two three four" {
		t.Errorf("of web it shows %q and %q", web.Hint, web.Said)
	}
	if v.Hint != "give it a key" || len(v.Services[0].Said) != 0 {
		t.Errorf("above it shows %q, and of db %q", v.Hint, v.Services[0].Said)
	}
}

func TestACardTellsSinceWhenEachConditionIsSoAndHowItWasBefore(t *testing.T) {
	h := NewHistory()
	begin := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	look := func(pass int, status orchestrator.Status) ViewService {
		s := snapshot(t, true)
		s.Pass, s.At = pass, begin.Add(time.Duration(pass)*time.Second)
		s.Report.Services[0].Conditions = []orchestrator.Condition{{Type: orchestrator.GateReachable, Status: status, Message: "said so"}}
		h.Note(s)
		return MakeView(s, h).Services[0] // noting a look twice tells nothing twice
	}
	look(1, orchestrator.True)
	look(2, orchestrator.True)
	look(5, orchestrator.False)
	card := look(9, orchestrator.False)
	if g := card.Gates[0]; g.Since == nil || !g.Since.Equal(begin.Add(5*time.Second)) {
		t.Errorf("the condition is %+v, want it so since the fifth look", g)
	}
	if len(card.History) != 1 || card.History[0].Kind != "condition" || card.History[0].State != "Reachable False" || card.History[0].Text != "said so" {
		t.Errorf("the history is %+v", card.History)
	}
	look(7, orchestrator.True) // an old one that comes late
	if g := look(10, orchestrator.True).Gates[0]; !g.Since.Equal(begin.Add(10 * time.Second)) {
		t.Errorf("the condition is so since %s", g.Since)
	}
}

func TestTheFiguresAreThere(t *testing.T) {
	b := newBoss()
	m := NewMetrics(b)
	b.show(snapshot(t, false))
	m.Add(orchestrator.Happening{Service: "web", Kind: orchestrator.Healed, Took: 1500 * time.Millisecond})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`stackctl_stack_proven 0`, `stackctl_passes_total 3`, `stackctl_engine_errors_total 2`, `stackctl_service_proven{service="db"} 1`,
		`stackctl_service_given_up{service="web"} 1`, `stackctl_service_state{service="web",state="given up"} 1`,
		`stackctl_service_starts_spent{service="web"} 5`, `stackctl_heal_duration_seconds_sum{service="web"} 1.5`,
		`stackctl_happenings_total{kind="healed",service="web"} 1`, `process_open_fds `, `go_goroutines `,
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("there is no %s", line)
		}
	}
}

func TestTheDashboardShowsFiguresThatThereAre(t *testing.T) {
	dashboard, err := os.ReadFile("../../docs/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	b := newBoss()
	m := NewMetrics(b)
	s := snapshot(t, true)
	s.Report.Services[0].Conditions = []orchestrator.Condition{{Type: orchestrator.GateHealthy, Status: orchestrator.True}}
	b.show(s)
	m.Add(orchestrator.Happening{Service: "web", Kind: orchestrator.Healed, Took: time.Second})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	names := regexp.MustCompile(`(stackctl|process|go)_[a-z_]+`).FindAllString(string(dashboard), -1)
	if len(names) < 10 {
		t.Fatalf("the dashboard asks for %q", names)
	}
	for _, name := range names {
		if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).MatchString(w.Body.String()) {
			t.Errorf("the dashboard asks for %s, which there is not", name)
		}
	}
}

func TestAHookIsToldWithASignatureUntilItTakesIt(t *testing.T) {
	var mu sync.Mutex
	var bodies []Message
	tries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get(SignatureHeader) != "sha256="+sign("a secret of the hook", body) {
			t.Errorf("the signature is %q (%v)", r.Header.Get(SignatureHeader), err)
		}
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var m Message
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		bodies = append(bodies, m)
	}))
	defer server.Close()
	h, err := NewHook(server.URL, "a secret of the hook", "shop", "/srv", func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.Run(ctx) }()
	defer func() { cancel(); <-done; h.client.CloseIdleConnections() }()
	h.Add(orchestrator.Happening{Service: "web", Kind: orchestrator.Changed})
	h.Add(orchestrator.Happening{Service: "web", Kind: orchestrator.GivenUpOn, Text: "5 starts"})
	h.Add(orchestrator.Happening{Service: "web", Kind: orchestrator.Healed, Took: 2 * time.Second})
	deadline := time.Now().Add(30 * time.Second)
	for {
		mu.Lock()
		n := len(bodies)
		mu.Unlock()
		if n == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages came", n)
		}
		<-time.After(20 * time.Millisecond) // the pace of looking
	}
	mu.Lock()
	defer mu.Unlock()
	if bodies[0].Event != "gave_up" || bodies[0].Reason != "5 starts" || bodies[1].Event != "healed" || bodies[1].TookSeconds != 2 || tries != 3 {
		t.Errorf("after %d tries the messages are %+v", tries, bodies)
	}
	for _, bad := range []string{"", "ftp://x/", "http://", "::"} {
		if _, err := NewHook(bad, "", "", "", nil); fault.ClassOf(err) != fault.Usage {
			t.Errorf("the hook %q is taken: %v", bad, err)
		}
	}
}

func TestAMemoryOutlivesTheProcessAndABrokenOneIsIgnored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "state.json")
	s := OpenState(path, Place{"shop", "/srv", "id"}, func(err error) { t.Error(err) })
	if m, err := s.Load(); err != nil || m.Services != nil {
		t.Errorf("without a file there is %+v (%v)", m, err)
	}
	at := time.Now().UTC().Round(0)
	s.Save(orchestrator.Memory{Since: at, Stopped: map[string]time.Time{"abc": at},
		Services: map[string]orchestrator.ServiceMemory{"web": {Spec: "x", Starts: []time.Time{at}, GivenUp: &orchestrator.GivenUp{Reason: "r"}}}})
	m, err := OpenState(path, Place{"shop", "/srv", "id"}, nil).Load()
	if err != nil || !m.Stopped["abc"].Equal(at) || m.Services["web"].GivenUp.Reason != "r" {
		t.Errorf("there is %+v (%v)", m, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v (%v)", info.Mode(), err)
	}
	if m, err := OpenState(path, Place{"shop", "/moved", "id"}, nil).Load(); err != nil || len(m.Stopped) == 0 {
		t.Errorf("after the directory was moved there is %+v (%v)", m, err)
	}
	if _, err := OpenState(path, Place{"shop", "/elsewhere", "other"}, nil).Load(); err == nil {
		t.Error("the memory of another directory is taken")
	}
	for _, text := range []string{"", "{", "[]", `{"schema_version": 2, "project": "shop", "directory": "/srv", "identity": "id"}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenState(path, Place{"shop", "/srv", "id"}, nil).Load(); err == nil {
			t.Errorf("%q is taken for a memory", text)
		}
	}
}

func TestTheTimeOfTheFirstEventIsRememberedAtOnceAndThatOfOthersSeldom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s := OpenState(path, Place{"shop", "/srv", "id"}, func(err error) { t.Error(err) })
	first := time.Now().UTC().Round(0)
	for _, seen := range []time.Time{{}, first, first.Add(time.Second)} {
		s.Save(orchestrator.Memory{Seen: seen})
	}
	if m, err := s.Load(); err != nil || !m.Seen.Equal(first) {
		t.Errorf("it remembers %s, want %s (%v)", m.Seen, first, err)
	}
}

func TestAPlaceThatCannotBeWrittenIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	told := 0
	s := OpenState(filepath.Join(file, "state.json"), Place{"shop", "/srv", "id"}, func(error) { told++ })
	for i := range 3 {
		s.Save(orchestrator.Memory{Since: time.Unix(int64(i), 0)})
	}
	if told != 1 {
		t.Errorf("it was told %d times", told)
	}
}

func TestSystemdIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	env := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"}
	s := NewSystemd(func(key string) string { return env[key] })
	if s.Watchdog() != 30*time.Second {
		t.Errorf("the watchdog is %s", s.Watchdog())
	}
	if err := s.Tell("READY=1"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := l.Read(buf)
	if err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("it was told %q (%v)", buf[:n], err)
	}
	if err := NewSystemd(func(string) string { return "" }).Tell("READY=1"); err != nil {
		t.Errorf("without systemd: %v", err)
	}
}
