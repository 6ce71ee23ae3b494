package docker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/containerd/errdefs"
	"github.com/stackctl/stackctl/images"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// frame is a piece of multiplexed output.
func frame(stream byte, size uint32, content string) string {
	header := [8]byte{stream}
	binary.BigEndian.PutUint32(header[4:], size)
	return string(header[:]) + content
}

func whole(stream byte, content string) string { return frame(stream, uint32(len(content)), content) }

func TestOutputIsSplitFrameByFrame(t *testing.T) {
	for name, one := range map[string]struct {
		src, out, err string
		broken        bool
	}{
		"both streams":          {src: whole(1, "a") + whole(2, "b") + whole(0, "c") + whole(1, ""), out: "ac", err: "b"},
		"nothing":               {},
		"cut in a header":       {src: whole(1, "a") + "\x01\x00", out: "a", broken: true},
		"cut in a frame":        {src: frame(1, 10, "abc"), out: "abc", broken: true},
		"no such stream":        {src: whole(9, "x"), broken: true},
		"a size of 4 GiB":       {src: frame(1, math.MaxUint32, "abc"), out: "abc", broken: true},
		"the engine complains":  {src: whole(3, "disk gone"), broken: true},
		"text without a header": {src: "plain text that is long enough", broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out, err bytes.Buffer
			got := demux(&out, &err, iotest.OneByteReader(strings.NewReader(one.src)))
			if out.String() != one.out || err.String() != one.err || (got != nil) != one.broken {
				t.Errorf("%q, %q, %v", out.String(), err.String(), got)
			}
		})
	}
}

func TestABrokenHeaderCostsNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := demux(io.Discard, io.Discard, strings.NewReader(frame(1, math.MaxUint32, "x")))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, errBrokenFrame) || after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("%v, %d bytes", err, after.TotalAlloc-before.TotalAlloc)
	}
}

func FuzzDemux(f *testing.F) {
	f.Add([]byte(whole(1, "a") + frame(2, math.MaxUint32, "b")))
	f.Fuzz(func(t *testing.T, src []byte) {
		var out, err bytes.Buffer
		_ = demux(&out, &err, bytes.NewReader(src))
		if out.Len()+err.Len() > len(src) {
			t.Error("more came out than went in")
		}
	})
}

func TestPullsThatOnlyLookLikeSuccess(t *testing.T) {
	done := `{"status":"Pulling from library/x","id":"latest"}{"status":"Downloading","id":"l1","progressDetail":{"current":5,"total":10}}{"status":"Digest: sha256:1"}{"status":"Status: Downloaded newer image for x:latest"}`
	for name, one := range map[string]struct {
		answer http.HandlerFunc
		want   string
		kind   func(error) bool
		hint   string
		ok     bool
	}{
		"done":                          {answer: text(done), ok: true},
		"an error after a good status":  {answer: text(`{"status":"Pulling"}{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}`), want: "pull x: manifest unknown", hint: "tag"},
		"an error with a code":          {answer: text(`{"errorDetail":{"code":404,"message":"no such image"}}`), want: "no such image", kind: errdefs.IsNotFound, hint: "tag"},
		"only the older error field":    {answer: text(`{"error":"denied: requested access to the resource is denied"}`), want: "denied", hint: "docker login"},
		"cut off between two messages":  {answer: text(`{"status":"Pulling","id":"l1"}`), want: ErrCutOff.Error(), kind: isCutOff},
		"cut off within a message":      {answer: text(done[:60]), want: ErrCutOff.Error(), kind: isCutOff},
		"a web page":                    {answer: text("<html></html>"), want: ErrCutOff.Error(), kind: isCutOff},
		"refused":                       {answer: refuse(404, "pull access denied for x, repository does not exist"), kind: errdefs.IsNotFound, want: "denied", hint: "docker login"},
		"too many requests":             {answer: refuse(500, "toomanyrequests: You have reached your pull rate limit"), want: "rate limit", hint: "docker login"},
		"nothing for a minute":          {answer: stall(`{"status":"Pulling"}`), want: ErrStalled.Error(), kind: func(err error) bool { return errors.Is(err, ErrStalled) }},
		"not even a status for so long": {answer: hang, want: ErrStalled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := mustScripted(t, script{"POST /images/create": one.answer})
				var steps []images.PullProgress
				err := e.PullImage(t.Context(), "x", "", func(p images.PullProgress) { steps = append(steps, p) })
				if one.ok {
					must(t, err)
					same(t, "progress", images.PullProgress{Layer: "l1", Status: "Downloading", Current: 5, Total: 10}, steps[1])
					return
				}
				if fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), one.want) || !strings.Contains(fault.HintOf(err), one.hint) {
					t.Errorf("%v, class %v, hint %q", err, fault.ClassOf(err), fault.HintOf(err))
				}
				if one.kind != nil && !one.kind(err) {
					t.Errorf("%v is of another kind", err)
				}
			})
		})
	}
}

func isCutOff(err error) bool { return errors.Is(err, ErrCutOff) }

// stall sends something and then nothing more.
func stall(first string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, first)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func TestASlowPullIsNotAStalledOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{"POST /images/create": func(w http.ResponseWriter, _ *http.Request) {
			for range 5 {
				<-time.After(50 * time.Second)
				_, _ = io.WriteString(w, `{"status":"Downloading","id":"l1"}`)
				_ = http.NewResponseController(w).Flush()
			}
			_, _ = io.WriteString(w, `{"status":"Status: Downloaded newer image for x:latest"}`)
		}})
		must(t, e.PullImage(t.Context(), "x", "", func(images.PullProgress) {}))
	})
}

func TestAPullThatIsInterruptedIsNeitherDoneNorTheRegistrysFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustScripted(t, script{"POST /images/create": stall(`{"status":"Pulling"}`)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := e.PullImage(ctx, "x", "", func(images.PullProgress) {})
		if !errors.Is(err, context.DeadlineExceeded) || fault.ClassOf(err) != fault.Failure {
			t.Errorf("%v", err)
		}
	})
}

func TestABuildReturnsTheImageThatItMade(t *testing.T) {
	for name, one := range map[string]struct {
		stream, id, want string
	}{
		"built":            {`{"stream":"Step 1/1 : FROM scratch\n"}{"aux":{"ID":"sha256:9"}}{"stream":"Successfully built 9\n"}`, "sha256:9", ""},
		"a step failed":    {`{"aux":{"ID":"sha256:9"}}{"errorDetail":{"code":1,"message":"The command '/bin/false' returned a non-zero code: 1"}}`, "", "non-zero code: 1"},
		"no image":         {`{"stream":"done\n"}`, "", "named no image"},
		"cut off":          {`{"aux":{"ID":"sha256:9"}}{"stre`, "", "ended before"},
		"an aux of others": {`{"aux":["x"]}`, "", "named no image"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := mustScripted(t, script{"POST /build": text(one.stream)})
				var said []string
				id, err := e.BuildClassic(t.Context(), images.ClassicBuild{Tags: []string{"x"}}, strings.NewReader(""), func(line string) { said = append(said, line) })
				if id != one.id || (one.want == "") != (err == nil) || (err != nil && (fault.ClassOf(err) != fault.Image || !strings.Contains(err.Error(), one.want))) {
					t.Errorf("%q, %v", id, err)
				}
				if name == "built" {
					same(t, "lines", []string{"Step 1/1 : FROM scratch", "Successfully built 9"}, said)
				}
			})
		})
	}
}

const anEvent = `{"Type":"container","Action":"start","Actor":{"ID":"c1"}}` + "\n"

func TestAnEventStreamThatBreaksSaysSo(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"it ends":   text(anEvent),
		"nonsense":  text(anEvent + "<html>"),
		"a refusal": refuse(500, "no"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := mustScripted(t, script{"GET /events": answer})
				events, errs := e.Events(t.Context(), "app", time.Time{})
				if err := <-errs; fault.ClassOf(err) != fault.Engine {
					t.Errorf("%v", err)
				}
				for range events { // closed in the end
				}
				if err, more := <-errs; more {
					t.Errorf("a second error: %v", err)
				}
			})
		})
	}
}

func TestASlowReaderLosesEventsButNeverBlocksTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := make(chan struct{})
		e := mustScripted(t, script{"GET /events": func(w http.ResponseWriter, _ *http.Request) {
			for range 10 * eventBuffer {
				_, _ = io.WriteString(w, anEvent)
			}
			close(sent)
		}})
		events, errs := e.Events(t.Context(), "app", time.Time{})
		<-sent
		if err := <-errs; err == nil {
			t.Error("the end of the stream is no error")
		}
		got := 0
		for range events {
			got++
		}
		if got != eventBuffer {
			t.Errorf("%d events", got)
		}
	})
}

func TestEventsAreAskedForFromBeforeTheSubscriptionByTheEnginesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan string, 1)
		ahead := time.Hour
		e := mustScripted(t, script{
			"GET /info":   reply(map[string]any{"SystemTime": time.Now().Add(ahead).Format(time.RFC3339Nano)}),
			"GET /events": func(w http.ResponseWriter, r *http.Request) { asked <- r.URL.Query().Get("since"); stall("")(w, r) },
		})
		ctx, cancel := context.WithCancel(t.Context())
		events, errs := e.Events(ctx, "app", time.Time{})
		if got, want := <-asked, unixNano(time.Now().Add(ahead-subscribeMargin)); got != want {
			t.Errorf("since %s, not %s", got, want)
		}
		cancel()
		if err, more := <-errs; more {
			t.Errorf("the end of the context is no error: %v", err)
		}
		if _, more := <-events; more {
			t.Error("an event out of nothing")
		}
	})
}

func TestLogsOfABrokenStreamAreAnError(t *testing.T) {
	for name, tty := range map[string]bool{"plain": false, "terminal": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := mustScripted(t, script{
					"GET /containers/c1/json": reply(map[string]any{"Id": "c1", "Config": map[string]any{"Tty": tty}}),
					"GET /containers/c1/logs": text("no header in front"),
				})
				var out bytes.Buffer
				err := e.Logs(t.Context(), "c1", orchestrator.LogOptions{}, &out, &out)
				if tty && (err != nil || out.String() != "no header in front") {
					t.Errorf("%q, %v", out.String(), err)
				}
				if !tty && fault.ClassOf(err) != fault.Engine {
					t.Errorf("%v", err)
				}
			})
		})
	}
}
