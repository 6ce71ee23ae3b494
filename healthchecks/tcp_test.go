package healthchecks

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// say starts a server that sends text at once and stays.
func say(t *testing.T, text string) string {
	return accept(t, func(conn net.Conn) { _, _ = io.WriteString(conn, text); hold(conn) })
}

// reply starts a server that waits for bytes, sends text and closes.
func reply(t *testing.T, text string) string {
	return accept(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1024))
		_, _ = io.WriteString(conn, text)
	})
}

func guess(address string) TCP { return TCP{Address: address, TryHTTP: true} }

// inPieces connects to a server that waits for bytes and sends each piece by
// itself: a pipe holds none back.
func inPieces(pieces ...string) DialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			_, _ = theirs.Read(make([]byte, 1024))
			for _, piece := range pieces {
				_, _ = io.WriteString(theirs, piece)
			}
		}()
		return ours, nil
	}
}

func TestBytesOfAnyKindAreASignOfLife(t *testing.T) {
	for name, tc := range map[string]struct {
		probe  TCP
		result string
	}{
		"a server that speaks first":              {TCP{Address: say(t, "220 mail \x1b[2Jready\r\n")}, `answers: 220 mail \x1b[2Jready`},
		"the same where nothing is declared":      {guess(say(t, "220 mail ready\r\n")), "answers: 220 mail ready"},
		"an HTTP server":                          {guess(serve(t, answerWith(200, "hello"))), "HTTP/1.1 200 OK"},
		"an HTTP server that finds nothing":       {guess(serve(t, answerWith(404, ""))), "HTTP/1.1 404 Not Found"},
		"a server that dislikes HTTP and says so": {guess(reply(t, "-ERR unknown command\r\n")), "answers: -ERR unknown command"},
		"a status line in two pieces":             {TCP{Address: "10.1.2.3:80", TryHTTP: true, Dial: inPieces("HT", "TP/1.1 200 OK\r\n\r\n")}, "HTTP/1.1 200 OK"},
		"an answer behind an interim one":         {TCP{Address: "10.1.2.3:80", TryHTTP: true, Dial: inPieces("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n")}, "HTTP/1.1 204 No Content"},
	} {
		t.Run(name, func(t *testing.T) {
			e := tc.probe.Run(t.Context())
			expectPass(t, e, tc.result)
			if e.Probe != "tcp://"+tc.probe.Address || e.Detail[DetailAddress] != tc.probe.Address {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestAServerIsNotWaitedForWhereClientsSpeakFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		port uint16
		want time.Duration
	}{
		"the port of a web server":          {8080, 0},
		"the port of a key-value store":     {6379, 0},
		"a port that says nothing about it": {4711, greeting},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				probe := TCP{Address: "10.0.0.1:1", TryHTTP: true, ContainerPort: tc.port, Dial: inPieces("HTTP/1.1 200 OK\r\n\r\n")}
				expectPass(t, probe.Run(t.Context()), "200 OK")
				if took := time.Since(began); took != tc.want {
					t.Errorf("it took %s, not %s", took, tc.want)
				}
			})
		})
	}
}

func TestAGreetingIsHeardWhereClientsSpeakFirst(t *testing.T) {
	probe := guess(say(t, "220 hello\r\n"))
	probe.ContainerPort = 8080
	expectPass(t, probe.Run(t.Context()), "220 hello")
}

func TestATLSServerIsAliveAndSaidToSpeakTLS(t *testing.T) {
	alert := reply(t, "\x15\x03\x01\x00\x02\x02\x46")
	expectPass(t, guess(alert).Run(t.Context()), "TLS alert", "verify it with http and tls")
	server := serveTLS(t)
	expectPass(t, guess(server.Listener.Addr().String()).Run(t.Context()), "400 to plain HTTP, and speaks TLS", "verify it with http and tls")
}

func TestAnHTTPAnswerOf500AndMoreIsNoSignOfLife(t *testing.T) {
	e := guess(serve(t, answerWith(503, "no database"))).Run(t.Context())
	expectFailure(t, e, CodeStatus, "HTTP/1.1 503 Service Unavailable: no database", "")
	if strings.Contains(e.Result, "Content-Type") {
		t.Error(e.Result)
	}
}

func TestAPortThatClosesAtOnceHasNobodyBehindIt(t *testing.T) {
	closing := accept(t, func(net.Conn) {})
	for name, probe := range map[string]TCP{"declared": {Address: closing}, "guessed": guess(closing)} {
		t.Run(name, func(t *testing.T) {
			expectFailure(t, probe.Run(t.Context()), CodeClosed, "accepts TCP but closes", "0.0.0.0")
			probe.Direct = nobody(t)
			expectFailure(t, probe.Run(t.Context()), CodeClosed, "accepts TCP but closes", "nothing listens at the container's own address")
		})
	}
	expectFailure(t, TCP{Address: nobody(t)}.Run(t.Context()), CodeRefused, "connection refused", "published")
}

func TestAServerThatClosesOnWordsAndStaysInSilenceIsAlive(t *testing.T) {
	picky := accept(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	expectPass(t, guess(picky).Run(t.Context()), "stays open", "proves little")
}

func TestASilentPortCountsOnlyWhereTheContainerAcceptsToo(t *testing.T) {
	silent := TCP{Address: accept(t, hold)}
	with := func(direct string, routable bool, dial DialFunc) TCP {
		p := silent
		p.Direct, p.Dial = direct, dial
		p.Routable = func(string) bool { return routable }
		return p
	}
	t.Run("unless there is no address to ask at", func(t *testing.T) {
		expectPass(t, silent.Run(t.Context()), "stays open", "proves little")
	})
	t.Run("it does", func(t *testing.T) {
		direct := accept(t, hold)
		expectPass(t, with(direct, true, nil).Run(t.Context()), "the container accepts at "+direct, "proves little")
	})
	t.Run("it refuses", func(t *testing.T) {
		expectFailure(t, with(nobody(t), true, nil).Run(t.Context()), CodeClosed, "accepts TCP but closes", "nothing listens")
	})
	t.Run("it does not answer", func(t *testing.T) {
		expectFailure(t, with("10.1.2.3:80", true, dialTo(silent.Address, context.DeadlineExceeded)).Run(t.Context()),
			CodeTimeout, "10.1.2.3:80 does not answer", "firewall")
	})
	t.Run("it has no route after all", func(t *testing.T) {
		expectPass(t, with("10.1.2.3:80", true, dialTo(silent.Address, syscall.EHOSTUNREACH)).Run(t.Context()),
			"stays open", "cannot be reached from this host", "proves little")
	})
	t.Run("it is behind a virtual machine", func(t *testing.T) {
		expectPass(t, with("10.1.2.3:80", false, nil).Run(t.Context()), "stays open", "cannot be reached from this host", "proves little")
	})
}

// dialTo dials one address and fails with err for any other.
func dialTo(only string, err error) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != only {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func TestAPortIsSpokenToInTheProtocolItsNumberSuggests(t *testing.T) {
	for port, words := range map[uint16]string{
		80: "GET / HTTP/1.1\r\n", 8123: "GET / HTTP/1.1\r\n", 6379: "PING\r\n", 11211: "version\r\n",
		5432: "\x00\x00\x00\x08\x04\xd2\x16\x2f", 5672: "AMQP", 3306: "", 22: "", 27017: "",
	} {
		got := TCP{TryHTTP: true, ContainerPort: port}.words()
		if !strings.HasPrefix(got, words) || words == "" && got != "" {
			t.Errorf("port %d is told %q, want %q", port, got, words)
		}
	}
	if got := (TCP{ContainerPort: 80}).words(); got != "" {
		t.Errorf("a declared TCP port is told %q", got)
	}
}

func TestACancelledProbeReturnsAtOnceAndProvesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := accept(t, func(conn net.Conn) { cancel(); hold(conn) })
	began := time.Now()
	e := guess(address).Run(ctx)
	if e.Passed || time.Since(began) > time.Second {
		t.Errorf("%+v after %v", e, time.Since(began))
	}
}

func TestAProbeKeepsItsOwnTime(t *testing.T) {
	e := TCP{Address: accept(t, hold), TryHTTP: true, Timeout: 50 * time.Millisecond}.Run(t.Context())
	expectFailure(t, e, CodeTimeout, "no answer from", "")
	if e.Took > time.Second {
		t.Error(e.Took)
	}
}

func TestTheOwnNetworkOfThisHostIsRoutable(t *testing.T) {
	for ip, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "203.0.113.7": false, "x": false, "": false} {
		if got := Routable(ip); got != want {
			t.Errorf("Routable(%q) = %v", ip, got)
		}
	}
}

func TestAMappingIsSaidToBeAMappingOnly(t *testing.T) {
	e := Mapping{Proto: "udp", Address: "127.0.0.1:5353", ContainerPort: 53}.Run(t.Context())
	expectPass(t, e, "mapped to port 53", "nothing was exchanged")
	if e.Probe != "udp://127.0.0.1:5353" {
		t.Error(e.Probe)
	}
}

// scripted answers with one piece of evidence after the other, the last for
// ever.
type scripted struct {
	answers []Evidence
	asked   *int
}

func (s scripted) String() string { return "scripted" }

func (s scripted) Run(context.Context) Evidence {
	e := s.answers[min(*s.asked, len(s.answers)-1)]
	*s.asked++
	e.Probe = "scripted"
	return e
}

func script(answers ...Evidence) scripted { return scripted{answers, new(int)} }

func TestAServerThatSays503For20SecondsIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := slices.Repeat([]Evidence{failure(CodeStatus, "503")}, 20)
		// One good answer between bad ones is not enough.
		answers[7] = Evidence{Passed: true, Result: "200"}
		probe := script(append(answers, Evidence{Passed: true, Result: "200"})...)
		began, seen := time.Now(), 0
		e, err := Await(t.Context(), Repeat{Probe: probe, Gap: 100 * time.Millisecond}, time.Second, func(Evidence) { seen++ })
		if err != nil || !e.Passed || *probe.asked != 22 || seen != 20 {
			t.Errorf("%+v, %v after %d questions, %d told", e, err, *probe.asked, seen)
		}
		if took := time.Since(began); took != 19*time.Second+200*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestAwaitEndsByVerdictOrTimeAndSaysWhatWasMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		probe := script(failure(CodeStatus, "503"))
		e, err := Await(ctx, probe, 2*time.Second, nil)
		if e.Passed || err == nil || !strings.Contains(err.Error(), "last answer: 503") || *probe.asked != 3 {
			t.Errorf("%+v, %v", e, err)
		}
		probe = script(failure("28P01", "wrong password").final())
		if e, err = Await(t.Context(), probe, time.Second, nil); err == nil || !e.Final || *probe.asked != 1 {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

func TestAnAnswerThatIsNotConfirmedInTimeProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		e := Repeat{Probe: script(Evidence{Passed: true}), Gap: time.Minute}.Run(ctx)
		if e.Passed || e.Code != CodeTimeout {
			t.Errorf("%+v", e)
		}
	})
}

func TestAnHTTPAnswerWithoutItsStatusIsNone(t *testing.T) {
	for name, pieces := range map[string][]string{
		"broken off in the version": {"HTTP/1"},
		"broken off in the status":  {"HTTP/1.1 5"},
		"only announced":            {"HTTP/1.1 100 Continue\r\n\r\n"},
		"announced for ever":        {"HTTP/1.1 103 Early Hints\r\nLink: x"},
	} {
		t.Run(name, func(t *testing.T) {
			e := TCP{Address: "10.1.2.3:80", TryHTTP: true, Dial: inPieces(pieces...)}.Run(t.Context())
			if e.Passed || e.Code != CodeProtocol || !strings.Contains(e.Result, "broke off") {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestOwnAddressesAreNoLoopback(t *testing.T) {
	for _, ip := range OwnAddresses() {
		if address := net.ParseIP(ip); address == nil || address.IsLoopback() || !Routable(ip) {
			t.Errorf("%s is none of this host's addresses in a network", ip)
		}
	}
}
