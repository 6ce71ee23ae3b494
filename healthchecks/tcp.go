package healthchecks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
)

const (
	// quiet is how long a connection must stay open without a byte: a
	// forwarder with nobody behind it closes it at once.
	quiet = 500 * time.Millisecond
	// greeting is how long a server that speaks first is given before it is
	// spoken to.
	greeting = 100 * time.Millisecond
	// answerTime is how long a server that was spoken to is given.
	answerTime = 2 * time.Second
	// answerLimit is how much of an answer is read, in bytes.
	answerLimit = 4 << 10
)

// TCP asks a port for a sign of life, from this host: bytes, or a connection
// that stays open and a container that accepts it at its own address. An HTTP
// answer of 500 and more is none.
type TCP struct {
	// Address is a literal host:port.
	Address string
	// Direct is the container's own address, host:port; "" for none.
	Direct string
	// TryHTTP says that nothing is declared about the port: it is spoken to in
	// the protocol that its number suggests, HTTP when it suggests none.
	// Otherwise nothing is sent.
	TryHTTP bool
	// ContainerPort is the port inside the container, which suggests the
	// protocol; 0 when unknown.
	ContainerPort uint16
	// Timeout is 5 s when 0.
	Timeout time.Duration
	// Dial connects; nil connects as usual.
	Dial DialFunc
	// Redact takes secrets out of what the server said; nil takes none.
	Redact func(string) string
	// Routable says whether this host has a way to a container's address;
	// nil looks at the host's interfaces.
	Routable func(ip string) bool
	// Agent is what it calls itself where it speaks HTTP; "stackctl" when "".
	Agent string
	// method is GET when "".
	method string
}

var _ Probe = TCP{}

func (t TCP) String() string { return "tcp://" + t.Address }

// Run asks once.
func (t TCP) Run(ctx context.Context) Evidence { return observe(ctx, t, t.Timeout, t.ask) }

func (t TCP) ask(ctx context.Context) Evidence {
	e := t.exchange(ctx)
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Detail[DetailAddress] = t.Address
	return e
}

func (t TCP) exchange(ctx context.Context) Evidence {
	words := t.words()
	heard, err := t.talk(ctx, words)
	if errors.Is(err, errClosed) && words != "" {
		// It may have disliked what it was told: one that is there stays
		// on the line when nothing is said.
		heard, err = t.talk(ctx, "")
	}
	switch {
	case len(heard) > 0:
		e := t.judge(heard)
		if e.Detail[DetailStatus] == "400" && speaksTLS(ctx, t.Dial, t.Address) {
			return Evidence{Passed: true, Result: "answers 400 to plain HTTP, and speaks TLS", Notes: []string{tlsNote}}
		}
		return e
	case errors.Is(err, errSilent):
		return t.judgeSilence(ctx)
	case errors.Is(err, errClosed):
		return t.blame(ctx, closedFailure(t.Address))
	case ctx.Err() != nil:
		return failure(CodeTimeout, "no answer from %s in time", t.Address)
	}
	return t.blame(ctx, dialFailure(t.Address, err))
}

func (t TCP) blame(ctx context.Context, e Evidence) Evidence {
	return blame(ctx, e, t.Dial, t.Direct, t.Routable)
}

var (
	errSilent = errors.New("the connection stayed open without a byte")
	errClosed = errors.New("the connection was closed without a byte")
)

// talk opens a connection, says the words unless they are "" or the server
// speaks first, and returns what it heard: bytes, or errSilent, errClosed or the
// error that kept the connection from coming about.
func (t TCP) talk(ctx context.Context, words string) ([]byte, error) {
	conn, err := dialer(t.Dial)(ctx, "tcp", t.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if words == "" {
		return hear(ctx, conn, quiet)
	}
	if !t.clientSpeaksFirst() {
		if heard, err := hear(ctx, conn, greeting); !errors.Is(err, errSilent) {
			return heard, err
		}
	}
	if _, err := conn.Write([]byte(words)); err != nil {
		return nil, errClosed
	}
	return hear(ctx, conn, answerTime)
}

// hear waits for the first bytes.
func hear(ctx context.Context, conn net.Conn, patience time.Duration) ([]byte, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	// Cancelled before the deadline was set, the read would outlive ctx.
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	buffer := make([]byte, answerLimit)
	n, err := conn.Read(buffer)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case n > 0:
		return hearOn(conn, buffer, n), nil
	case isTimeout(err):
		return nil, errSilent
	}
	return nil, errClosed
}

// hearOn reads on a little where an HTTP answer of 500 or more has begun, so
// that it can be shown, or where its first line has not ended yet. The first n
// bytes of the buffer are there already.
func hearOn(conn net.Conn, buffer []byte, n int) []byte {
	for n < len(buffer) && wantsMore(string(buffer[:n])) {
		patience := greeting
		if afterInterim(string(buffer[:n])) == "" {
			patience = answerTime // the answer itself is still to come
		}
		if conn.SetReadDeadline(time.Now().Add(patience)) != nil {
			break
		}
		more, err := conn.Read(buffer[n:])
		n += more
		if err != nil {
			break
		}
	}
	return buffer[:n]
}

func wantsMore(begun string) bool {
	rest := afterInterim(begun)
	status, isHTTP := httpStatus(rest)
	return rest == "" || isHTTP && (status < 200 && status != 101 || status >= 500)
}

// afterInterim leaves out the answers that only announce the one to come,
// 100 and 103 for instance.
func afterInterim(text string) string {
	for {
		status, isHTTP := httpStatus(text)
		_, rest, ended := strings.Cut(text, "\r\n\r\n")
		if !isHTTP || status < 100 || status >= 200 || status == 101 || !ended {
			return text
		}
		text = rest
	}
}

const tlsNote = "it speaks TLS: verify it with http and tls for a proof of its content"

func (t TCP) judge(heard []byte) Evidence {
	text := afterInterim(redacted(t.Redact, string(heard)))
	status, isHTTP := httpStatus(text)
	switch {
	case text == "" || isHTTP && status < 200 && status != 101:
		return failure(CodeProtocol, "the HTTP answer of %s broke off before its status", t.Address)
	case t.ContainerPort == 6379 && strings.HasPrefix(text, "-LOADING"):
		return failure(CodeProtocol, "it is not ready: %s", sanitize.Line(text, bodyShown))
	case isHTTP && status >= 500:
		return failure(CodeStatus, "%s", sanitize.Line(errorPage(text), bodyShown))
	case isHTTP:
		line, _, _ := strings.Cut(text, "\n")
		return Evidence{Passed: true, Result: sanitize.Line(line, bodyShown), Detail: map[string]string{DetailStatus: strconv.Itoa(status)}}
	case len(heard) > 2 && heard[0] == 0x15 && heard[1] == 0x03:
		return Evidence{Passed: true, Result: "answers with a TLS alert", Notes: []string{tlsNote}}
	}
	return Evidence{Passed: true, Result: fmt.Sprintf("answers: %s", sanitize.Line(text, bodyShown))}
}

// errorPage is the first line of an HTTP answer and the beginning of its body.
func errorPage(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	if _, body, ok := strings.Cut(answer, "\r\n\r\n"); ok && strings.TrimSpace(body) != "" {
		line += ": " + strings.TrimSpace(body)
	}
	return line
}

// httpStatus reads a status line. The status is 0 while the line has no end.
func httpStatus(text string) (status int, isHTTP bool) {
	const name = "HTTP/"
	if !strings.HasPrefix(text, name) {
		return 0, text != "" && strings.HasPrefix(name, text)
	}
	line, _, ended := strings.Cut(text, "\n")
	words := strings.Fields(line)
	if !ended || len(words) < 2 {
		return 0, !ended
	}
	status, err := strconv.Atoi(words[1])
	return status, err == nil
}

// judgeSilence is about a connection that stays open without a byte. That
// proves a server only where the container's own address accepts, too.
func (t TCP) judgeSilence(ctx context.Context) Evidence {
	e := Evidence{Passed: true, Result: "the connection stays open, nothing was said"}
	note := "a silent port proves little: declare verify for a real exchange"
	if t.Direct == "" {
		e.Notes = []string{note}
		return e
	}
	switch reachOf(ctx, t.Dial, t.Direct, t.Routable) {
	case reachRefused:
		return closedFailure(t.Address).hinted("nothing listens at the container's own address %s", t.Direct)
	case reachSilent:
		return failure(CodeTimeout, "%s stays open, but the container's own address %s does not answer", t.Address, t.Direct).
			hinted("a firewall, or the container has lost its network")
	case reachOpen:
		e.Result += "; the container accepts at " + t.Direct
	case reachUnknown:
		e.Notes = append(e.Notes, "the container's own address "+t.Direct+" cannot be reached from this host")
	}
	e.Notes = append(e.Notes, note)
	return e
}

// clientSpeaksFirst says that by the container's port, which is that of a
// protocol in which servers wait for their clients, no greeting is to be
// expected. One that comes all the same is heard as an answer.
func (t TCP) clientSpeaksFirst() bool {
	switch t.ContainerPort {
	case 80, 443, 3000, 4000, 5000, 8000, 8008, 8080, 8081, 8443, 8888, 9000, 9090: // HTTP, by registration and custom
		return true
	case 5432, 6379, 11211, 5672:
		return true
	}
	return false
}

// words returns what to say to a port of which nothing is declared, "" to say
// nothing. Servers that count strange clients, or that wait for a whole frame,
// are not spoken to.
func (t TCP) words() string {
	if !t.TryHTTP {
		return ""
	}
	switch t.ContainerPort {
	case 5432:
		return "\x00\x00\x00\x08\x04\xd2\x16\x2f" // SSLRequest: one byte comes back
	case 6379:
		return "PING\r\n"
	case 11211:
		return "version\r\n"
	case 5672:
		return "AMQP\x00\x00\x09\x01"
	case 22, 25, 53, 110, 143, 587, 1433, 1521, 1883, 2181, 3306, 4222, 9042, 9092, 27017, 33060:
		return ""
	}
	return methodOr(t.method) + " / HTTP/1.1\r\nHost: " + t.Address + "\r\nUser-Agent: " + agentOr(t.Agent) + "\r\nAccept: */*\r\nConnection: close\r\n\r\n"
}
