package healthchecks

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// acceptWait is how long a connection to a published port must stay open where
// the container's own address cannot be asked: a forwarder with nobody behind
// it closes it at once.
const acceptWait = 50 * time.Millisecond

// Accepts says whether the port still accepts connections. It sends nothing:
// a server of HTTP writes no line into its access log.
func (h HTTP) Accepts(ctx context.Context) bool {
	return accepts(ctx, h.Dial, h.Address, h.Direct, h.Routable)
}

// Accepts says whether the port still accepts connections. It sends nothing.
func (t TCP) Accepts(ctx context.Context) bool {
	return accepts(ctx, t.Dial, t.Address, t.Direct, t.Routable)
}

func accepts(ctx context.Context, dial DialFunc, address, direct string, routable func(string) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	inside := reachUnknown
	if direct != "" {
		inside = reachOf(ctx, dial, direct, routable)
	}
	if inside == reachRefused {
		return false
	}
	conn, err := dialer(dial)(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if inside == reachOpen {
		return true
	}
	_, err = hear(ctx, conn, acceptWait)
	return !errors.Is(err, errClosed)
}

// AcceptsSilently says whether Accepts leaves no line in the server's log, going
// by its last answer. Many a server logs a TLS handshake that does not come.
func (h HTTP) AcceptsSilently(last Evidence) bool { return h.TLS == nil && last.speaksHTTP() }

// AcceptsSilently says whether Accepts leaves no line in the server's log, going
// by its last answer: servers that greet log or count who leaves without a word.
func (t TCP) AcceptsSilently(last Evidence) bool {
	switch t.ContainerPort {
	case 5432, 6379, 11211:
		return true
	}
	return last.speaksHTTP()
}

// speaksHTTP says that evidence is an answer of HTTP.
func (e Evidence) speaksHTTP() bool { return e.Passed && e.Detail[DetailStatus] != "" }

// AskHead returns the probe that asks for the head of the page only, and whether
// that would prove as much: not where a status, a header or a body is asked for.
func (h HTTP) AskHead() (Probe, bool) {
	h.method = http.MethodHead
	return h, len(h.Status) == 0 && h.Body == "" && len(h.Header) == 0
}

// AskHead returns the probe that asks for the head of the page only, and whether
// it says anything in HTTP.
func (t TCP) AskHead() (Probe, bool) {
	t.method = http.MethodHead
	return t, t.TryHTTP
}

// HeadSuffices says whether the answer to HEAD stands for the page: a server
// may refuse that method, or answer it otherwise than GET.
func (e Evidence) HeadSuffices() bool {
	return e.speaksHTTP() && (e.Detail[DetailStatus][0] == '2' || e.Detail[DetailStatus][0] == '3')
}
