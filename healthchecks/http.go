package healthchecks

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackctl/stackctl/internal/sanitize"
)

const (
	// bodyLimit is how much of a body is read, in bytes.
	bodyLimit = 64 << 10
	// headerLimit is how much of the head of an answer is read, in bytes.
	headerLimit = 64 << 10
	// bodyShown is how much of the body of an error is shown, in bytes.
	bodyShown = 200
)

// HTTP asks a server for a page, from this host. It uses no proxy and follows
// no redirect.
type HTTP struct {
	// Address is a literal host:port.
	Address string
	// Path starts with "/" and may have a query; "" is "/".
	Path string
	// Status are the accepted codes; empty means 200 to 499.
	Status []int
	// Body must occur in the first 64 KiB of the body when set.
	Body string
	// Header holds texts that must occur in a value of the header; an empty
	// text asks for any value.
	Header map[string]string
	// TLS is nil for plain HTTP.
	TLS *TLS
	// Direct is the container's own address, host:port, to find the cause of
	// a failure; "" for none.
	Direct string
	// Timeout is 5 s when 0.
	Timeout time.Duration
	// Dial connects; nil connects as usual.
	Dial DialFunc
	// Redact takes secrets out of what the server said; nil takes none.
	Redact func(string) string
	// Routable says whether this host has a way to a container's address;
	// nil looks at the host's interfaces.
	Routable func(ip string) bool
	// Agent is what it calls itself; "stackctl" when "".
	Agent string
	// method is GET when "".
	method string
}

// TLS says how a probe verifies its peer.
type TLS struct {
	// ServerName is the name to verify and to ask for; "" is the address.
	ServerName string
	// CAFile is a PEM file of accepted authorities; "" means the host's.
	CAFile string
	// Insecure accepts any certificate, which the evidence notes.
	Insecure bool
}

var _ Probe = HTTP{}

func (h HTTP) String() string {
	return methodOr(h.method) + " " + sanitize.Line(redacted(h.Redact, h.url()), commandLimit)
}

func (h HTTP) url() string {
	scheme, path := "http://", h.Path
	if h.TLS != nil {
		scheme = "https://"
	}
	if path == "" {
		path = "/"
	}
	return scheme + h.Address + path
}

// Run asks once.
func (h HTTP) Run(ctx context.Context) Evidence { return observe(ctx, h, h.Timeout, h.ask) }

// ask writes and reads the exchange itself: the standard client takes a server
// that closes or speaks early for an idle connection gone bad, and says so on
// the standard logger.
func (h HTTP) ask(ctx context.Context) Evidence {
	request, err := h.request(ctx)
	if err != nil {
		return failure(CodeInput, "%v", err).final()
	}
	config, err := h.TLS.config(h.Address)
	if err != nil {
		return failure(CodeInput, "%v", err).final()
	}
	conn, err := dialer(h.Dial)(ctx, "tcp", h.Address)
	if err != nil {
		return h.blame(ctx, dialFailure(h.Address, err))
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if config != nil {
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return h.handshakeFailure(ctx, err)
		}
		conn = secured
	}
	reader := &bounded{r: conn, left: headerLimit}
	response, err := exchange(conn, reader, request)
	if err != nil {
		return h.diagnose(ctx, err, reader.read > 0)
	}
	defer response.Body.Close()
	return h.judge(ctx, response)
}

// exchange sends the request and reads the head of the final answer.
func exchange(conn io.Writer, reader *bounded, request *http.Request) (*http.Response, error) {
	// The answer may come before the request was read, and the write fail.
	sent := request.Write(conn)
	buffered := bufio.NewReader(reader)
	for {
		response, err := http.ReadResponse(buffered, request)
		if err != nil {
			return nil, errors.Join(err, sent)
		}
		if response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			reader.left = 2 * bodyLimit
			return response, nil
		}
	}
}

var errTooLong = errors.New("the head of the answer is too long")

// bounded reads at most so many bytes more, and counts what it has read.
type bounded struct {
	r          io.Reader
	read, left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.read, b.left = b.read+n, b.left-n
	return n, err
}

func (h HTTP) request(ctx context.Context) (*http.Request, error) {
	if _, _, err := net.SplitHostPort(h.Address); err != nil {
		return nil, fmt.Errorf("address %q: %w", h.Address, err)
	}
	if h.Path != "" && !strings.HasPrefix(h.Path, "/") {
		return nil, fmt.Errorf("path %q does not start with /", h.Path)
	}
	target, err := url.Parse(h.url())
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", h.Path, err)
	}
	request, err := http.NewRequestWithContext(ctx, methodOr(h.method), target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	request.Header.Set("User-Agent", agentOr(h.Agent))
	request.Close = true
	if h.TLS != nil && h.TLS.ServerName != "" {
		request.Host = h.TLS.ServerName
	}
	return request, nil
}

// config returns nil for plain TCP.
func (t *TLS) config(address string) (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	config := &tls.Config{ServerName: orElse(t.ServerName, host), InsecureSkipVerify: t.Insecure} //nolint:gosec // only where the file says so
	if t.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s holds no PEM certificate", t.CAFile)
	}
	return config, nil
}

// judge compares an answer with what was asked for.
func (h HTTP) judge(ctx context.Context, r *http.Response) Evidence {
	e := h.judgeStatus(ctx, r)
	if e.Passed {
		e = h.judgeContent(r, e)
	}
	e.Detail = map[string]string{DetailStatus: strconv.Itoa(r.StatusCode), DetailAddress: h.Address}
	return e
}

func (h HTTP) judgeStatus(ctx context.Context, r *http.Response) Evidence {
	if !h.accepts(r.StatusCode) {
		e := failure(CodeStatus, "%s%s", statusText(r), h.excerpt(r.Body))
		if len(h.Status) > 0 {
			e = e.hinted("verify asks for the status %s", strings.Trim(fmt.Sprint(h.Status), "[]"))
		}
		return e
	}
	if r.StatusCode == http.StatusBadRequest && len(h.Status) == 0 && h.TLS == nil && h.speaksTLS(ctx) {
		return tlsExpected(h.Address, statusText(r))
	}
	e := Evidence{Passed: true, Result: statusText(r)}
	if location := r.Header.Get("Location"); location != "" && r.StatusCode/100 == 3 {
		e.Notes = append(e.Notes, "redirects to "+sanitize.Line(redacted(h.Redact, location), commandLimit)+", not followed")
	}
	if h.TLS != nil && h.TLS.Insecure {
		e.Notes = append(e.Notes, "the certificate was not verified")
	}
	return e
}

func (h HTTP) accepts(status int) bool {
	if len(h.Status) > 0 {
		return slices.Contains(h.Status, status)
	}
	return status >= 200 && status <= 499
}

func (h HTTP) judgeContent(r *http.Response, e Evidence) Evidence {
	for name, want := range h.Header {
		if !hasHeader(r.Header, name, want) {
			return failure(CodeHeader, "%s, but the header %s is %q instead of %q",
				statusText(r), name, redacted(h.Redact, strings.Join(r.Header.Values(name), ", ")), want)
		}
	}
	if h.Body == "" {
		return e
	}
	start, err := readUntil(r.Body, []byte(h.Body))
	if bytes.Contains(start, []byte(h.Body)) {
		return e
	}
	text := fmt.Sprintf("%s, but %q is not in the body%s", statusText(r), h.Body, h.excerpt(bytes.NewReader(start)))
	if err != nil {
		text += fmt.Sprintf(", which broke off: %v", innermost(err))
	}
	return failure(CodeBody, "%s", text)
}

func hasHeader(header http.Header, name, want string) bool {
	return slices.ContainsFunc(header.Values(name), func(value string) bool { return strings.Contains(value, want) })
}

// readUntil reads until want has come, the body ends or the limit is reached.
func readUntil(body io.Reader, want []byte) ([]byte, error) {
	var start []byte
	piece := make([]byte, 4<<10)
	for len(start) < bodyLimit && !bytes.Contains(start, want) {
		n, err := body.Read(piece)
		start = append(start, piece[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return start, err
		}
	}
	return start[:min(len(start), bodyLimit)], nil
}

func statusText(r *http.Response) string {
	return sanitize.Line(strings.TrimSpace(fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode))), commandLimit)
}

// excerpt returns the beginning of a body, ": " before it, or "".
func (h HTTP) excerpt(body io.Reader) string {
	// A secret at the cut is redacted while it is still whole.
	start, _ := io.ReadAll(io.LimitReader(body, 4<<10))
	if text := sanitize.Line(redacted(h.Redact, string(start)), bodyShown); text != "" {
		return ": " + text
	}
	return ""
}
