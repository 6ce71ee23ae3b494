package healthchecks

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// serve starts an HTTP server and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// serveTLS starts an HTTPS server that keeps its complaints to itself.
func serveTLS(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(answerWith(200, "hello"))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// answerWith answers every request with a status and a body.
func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// accept starts a TCP server that hands each connection to talk and returns
// its address. Connections are closed when talk returns.
func accept(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var talks sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = listener.Close(); talks.Wait() })
	talks.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			talks.Go(func() {
				defer stop()
				defer conn.Close()
				talk(conn)
			})
		}
	})
	return listener.Addr().String()
}

// hold keeps a connection open until the other side closes it.
func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// nobody returns an address at which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// expectFailure checks a failure's code and parts of its texts.
func expectFailure(t *testing.T, e Evidence, code, result, hint string) {
	t.Helper()
	if e.Passed || e.Code != code || !strings.Contains(e.Result, result) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got %+v\nwant code %q, result with %q, hint with %q", e, code, result, hint)
	}
	if e.Probe == "" || e.At.IsZero() {
		t.Errorf("the evidence does not say what was asked, and when: %+v", e)
	}
}

func expectPass(t *testing.T, e Evidence, result string, notes ...string) {
	t.Helper()
	if !e.Passed || e.Code != "" || !strings.Contains(e.Result, result) {
		t.Errorf("got %+v\nwant a pass with %q", e, result)
	}
	for _, note := range notes {
		if !slices.ContainsFunc(e.Notes, func(n string) bool { return strings.Contains(n, note) }) {
			t.Errorf("no note with %q in %q", note, e.Notes)
		}
	}
	if len(notes) == 0 && len(e.Notes) > 0 {
		t.Errorf("notes %q", e.Notes)
	}
}

func TestAnHTTPStatusBelow500IsAliveUnlessTheFileNamesOne(t *testing.T) {
	for _, tc := range []struct {
		status  int
		accepts []int
		want    bool
	}{
		{200, nil, true}, {204, nil, true}, {302, nil, true}, {401, nil, true}, {404, nil, true}, {499, nil, true},
		{500, nil, false}, {502, nil, false}, {503, nil, false}, {599, nil, false},
		{200, []int{200}, true}, {204, []int{200}, false}, {302, []int{200, 302}, true}, {503, []int{503}, true}, {404, []int{200}, false},
	} {
		t.Run(fmt.Sprint(tc.status, tc.accepts), func(t *testing.T) {
			e := HTTP{Address: serve(t, answerWith(tc.status, "")), Status: tc.accepts}.Run(t.Context())
			if e.Passed != tc.want || e.Detail[DetailStatus] != fmt.Sprint(tc.status) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestAnErrorOfTheServerIsShownWithTheBeginningOfItsBody(t *testing.T) {
	address := serve(t, answerWith(503, "database \x1b[2Jcorrect-horse is away\n"+strings.Repeat("x", 1<<20)))
	e := HTTP{Address: address, Path: "/health", Redact: func(s string) string {
		return strings.ReplaceAll(s, "correct-horse", "[redacted]")
	}}.Run(t.Context())
	expectFailure(t, e, CodeStatus, `503 Service Unavailable: database \x1b[2J[redacted] is away\nxxx`, "")
	if e.Probe != "GET http://"+address+"/health" || len(e.Result) > 300 {
		t.Errorf("%+v", e)
	}
}

func TestARedirectIsAliveAndNotFollowed(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("followed") })
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+elsewhere+"/login", http.StatusFound)
	})
	expectPass(t, HTTP{Address: address}.Run(t.Context()), "302 Found", "redirects to http://"+elsewhere+"/login, not followed")
	expectFailure(t, HTTP{Address: address, Status: []int{200}}.Run(t.Context()), CodeStatus, "302 Found", "asks for the status 200")
}

func TestTheRightStatusWithTheWrongContentIsNoProof(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, strings.Repeat(" ", 60<<10)+"Welcome to nginx!"+strings.Repeat(" ", 10<<10)+"too far")
	})
	header := func(name, value string) map[string]string { return map[string]string{name: value} }
	expectPass(t, HTTP{Address: address, Body: "Welcome", Header: header("content-type", "text/html")}.Run(t.Context()), "200 OK")
	expectPass(t, HTTP{Address: address, Header: header("Content-Type", "")}.Run(t.Context()), "200 OK")
	expectFailure(t, HTTP{Address: address, Body: "Trades"}.Run(t.Context()), CodeBody, `"Trades" is not in the body`, "")
	expectFailure(t, HTTP{Address: address, Body: "too far"}.Run(t.Context()), CodeBody, `"too far" is not in the body`, "")
	expectFailure(t, HTTP{Address: address, Header: header("Content-Type", "json")}.Run(t.Context()), CodeHeader, `instead of "json"`, "")
	expectFailure(t, HTTP{Address: address, Header: header("X-App", "")}.Run(t.Context()), CodeHeader, "X-App", "")
}

func TestABodyThatBreaksOffIsToldAsThat(t *testing.T) {
	address := accept(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1024))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
	})
	expectFailure(t, HTTP{Address: address, Body: "whole"}.Run(t.Context()), CodeBody, "broke off", "")
}

func TestAnEndlessBodyCostsNoMoreThanItsBound(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	})
	began := time.Now()
	expectPass(t, HTTP{Address: address}.Run(t.Context()), "200 OK")
	expectFailure(t, HTTP{Address: address, Body: "needle"}.Run(t.Context()), CodeBody, "is not in the body", "")
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestTheFailureOfAnExchangeNamesItsCause(t *testing.T) {
	t.Run("nothing listens", func(t *testing.T) {
		expectFailure(t, HTTP{Address: nobody(t)}.Run(t.Context()), CodeRefused, "connection refused: nothing listens at", "published")
	})
	t.Run("a forwarder with nobody behind it closes at once", func(t *testing.T) {
		address := accept(t, func(net.Conn) {})
		expectFailure(t, HTTP{Address: address}.Run(t.Context()), CodeClosed,
			"accepts TCP but closes: the app probably listens on loopback only, or not at all", "0.0.0.0")
	})
	t.Run("a reset is the same", func(t *testing.T) {
		address := accept(t, func(conn net.Conn) {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		})
		expectFailure(t, HTTP{Address: address}.Run(t.Context()), CodeClosed, "accepts TCP but closes", "")
	})
	t.Run("and the container's own address tells why", func(t *testing.T) {
		h := HTTP{Address: accept(t, func(net.Conn) {}), Direct: nobody(t)}
		expectFailure(t, h.Run(t.Context()), CodeClosed, "accepts TCP but closes", "nothing listens at the container's own address "+h.Direct)
		h.Direct = accept(t, hold)
		expectFailure(t, h.Run(t.Context()), CodeClosed, "accepted and closed without an answer", "port forwarding is at fault")
	})
	t.Run("a server that never answers", func(t *testing.T) {
		h := HTTP{Address: accept(t, hold), Timeout: 200 * time.Millisecond}
		expectFailure(t, h.Run(t.Context()), CodeTimeout, "accepted the connection and did not answer in time", "")
	})
	t.Run("an address that swallows everything", func(t *testing.T) {
		h := HTTP{Address: "127.0.0.1:80", Dial: dialTo("", context.DeadlineExceeded)}
		expectFailure(t, h.Run(t.Context()), CodeTimeout, "no connection to 127.0.0.1:80 in time", "")
		h.Dial = dialTo("", syscall.ENETUNREACH)
		expectFailure(t, h.Run(t.Context()), CodeUnreachable, "network is unreachable", "")
	})
	t.Run("a TLS server that closes or is silent", func(t *testing.T) {
		h := HTTP{Address: accept(t, func(net.Conn) {}), TLS: &TLS{}, Timeout: 200 * time.Millisecond}
		expectFailure(t, h.Run(t.Context()), CodeClosed, "accepts TCP but closes", "")
		h.Address = accept(t, hold)
		expectFailure(t, h.Run(t.Context()), CodeTimeout, "did not answer in time", "")
	})
	t.Run("a server of another protocol", func(t *testing.T) {
		address := accept(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-\x1b[2JOpenSSH\r\n"); hold(conn) })
		e := HTTP{Address: address, Timeout: time.Second}.Run(t.Context())
		expectFailure(t, e, CodeProtocol, "no HTTP answer", "does not speak HTTP")
		if strings.Contains(e.Result, "\x1b") {
			t.Errorf("%q", e.Result)
		}
	})
	t.Run("a header without end", func(t *testing.T) {
		address := accept(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20))
			hold(conn)
		})
		if e := (HTTP{Address: address, Timeout: time.Second}).Run(t.Context()); e.Passed {
			t.Errorf("%+v", e)
		}
	})
	t.Run("an address or path that is none", func(t *testing.T) {
		expectFailure(t, HTTP{Address: "127.0.0.1"}.Run(t.Context()), CodeInput, "missing port", "")
		expectFailure(t, HTTP{Address: "127.0.0.1:1", Path: "x"}.Run(t.Context()), CodeInput, "does not start with /", "")
		expectFailure(t, HTTP{Address: "127.0.0.1:1", Path: "/%zz"}.Run(t.Context()), CodeInput, "%zz", "")
	})
}

func TestTLSIsVerifiedUnlessTheFileSaysOtherwise(t *testing.T) {
	server := serveTLS(t)
	address := server.Listener.Addr().String()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(security *TLS) Evidence { return HTTP{Address: address, TLS: security}.Run(t.Context()) }
	expectPass(t, ask(&TLS{CAFile: ca}), "200 OK")
	expectPass(t, ask(&TLS{CAFile: ca, ServerName: "example.com"}), "200 OK")
	expectPass(t, ask(&TLS{Insecure: true}), "200 OK", "not verified")
	expectFailure(t, ask(&TLS{}), CodeTLS, "unknown authority", "ca_file")
	expectFailure(t, ask(&TLS{CAFile: ca, ServerName: "other.test"}), CodeTLS, "other.test", "server_name")
	expectFailure(t, ask(&TLS{CAFile: ca + ".none"}), CodeInput, "read CA file", "")
	if e := ask(&TLS{Insecure: true}); e.Probe != "GET https://"+address+"/" {
		t.Error(e.Probe)
	}
}

func TestTheWrongSideOfTLSIsRecognised(t *testing.T) {
	t.Run("a TLS server that answers plain HTTP with 400", func(t *testing.T) {
		server := serveTLS(t)
		expectFailure(t, HTTP{Address: server.Listener.Addr().String()}.Run(t.Context()), CodeTLS, "speaks TLS, not plain HTTP", "https")
	})
	t.Run("a plain server that says 400 is alive", func(t *testing.T) {
		expectPass(t, HTTP{Address: serve(t, answerWith(400, "what?"))}.Run(t.Context()), "400 Bad Request")
	})
	t.Run("a plain server asked for TLS", func(t *testing.T) {
		e := HTTP{Address: serve(t, answerWith(200, "")), TLS: &TLS{Insecure: true}}.Run(t.Context())
		expectFailure(t, e, CodeTLS, "does not speak TLS", "remove tls")
	})
}

func TestNoProxyVariableHasASay(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	expectPass(t, HTTP{Address: serve(t, answerWith(200, ""))}.Run(t.Context()), "200 OK")
}

func TestAnAnswerAfterTheCallersTimeProvesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := observe(ctx, HTTP{Address: "127.0.0.1:80"}, 0, func(context.Context) Evidence {
		cancel()
		return Evidence{Passed: true, Result: "200 OK"}
	})
	expectFailure(t, e, CodeTimeout, "after the time was over", "")
	expectFailure(t, HTTP{Address: serve(t, answerWith(200, ""))}.Run(ctx), CodeTimeout, "", "")
}

func TestAPublishedPortIsReachedWhereItIs(t *testing.T) {
	for _, tc := range []struct {
		ip, engine, want string
	}{
		{"127.0.0.1", "", "127.0.0.1:80"}, {"0.0.0.0", "", "127.0.0.1:80"}, {"", "127.0.0.1", "127.0.0.1:80"},
		{"::", "127.0.0.1", "[::1]:80"}, {"::", "10.0.0.9", "10.0.0.9:80"}, {"0.0.0.0", "10.0.0.9", "10.0.0.9:80"},
		{"192.168.7.7", "10.0.0.9", "192.168.7.7:80"}, {"fd00::1", "", "[fd00::1]:80"},
	} {
		if got := HostAddress(tc.ip, 80, tc.engine); got != tc.want {
			t.Errorf("HostAddress(%q, %q) = %q, want %q", tc.ip, tc.engine, got, tc.want)
		}
	}
}
