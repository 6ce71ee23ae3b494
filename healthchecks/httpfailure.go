package healthchecks

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
)

// diagnose says why an exchange over a connection came to nothing. begun says
// that an answer had begun.
func (h HTTP) diagnose(ctx context.Context, err error, begun bool) Evidence {
	switch {
	case ctx.Err() != nil, isTimeout(err):
		return failure(CodeTimeout, "%s accepted the connection and did not answer in time", h.Address)
	case h.TLS == nil && h.speaksTLS(ctx):
		return tlsExpected(h.Address, "no HTTP answer")
	case isClosed(err) && !begun:
		return h.blame(ctx, closedFailure(h.Address))
	}
	text, _, _ := strings.Cut(redacted(h.Redact, err.Error()), "\n")
	return failure(CodeProtocol, "no HTTP answer: %s", text).
		hinted("something listens at %s, but it does not speak HTTP; verify it with tcp, or correct the port", h.Address)
}

func (h HTTP) blame(ctx context.Context, e Evidence) Evidence {
	return blame(ctx, e, h.Dial, h.Direct, h.Routable)
}

func (h HTTP) handshakeFailure(ctx context.Context, err error) Evidence {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return failure(CodeTLS, "%s does not speak TLS", h.Address).
			hinted("remove tls from verify.http, or correct the port")
	case ctx.Err() != nil, isTimeout(err):
		return failure(CodeTimeout, "%s accepted the connection and did not answer in time", h.Address)
	case isClosed(err):
		return h.blame(ctx, closedFailure(h.Address))
	}
	return failure(CodeTLS, "TLS: %v", err).
		hinted("name the certificate's host in verify.http.tls.server_name, or its authority in ca_file")
}

func tlsExpected(address, answer string) Evidence {
	return failure(CodeTLS, "%s: %s speaks TLS, not plain HTTP", answer, address).
		hinted("it is https: declare tls under verify.http")
}

// speaksTLS says whether a TLS handshake comes about at the address.
func (h HTTP) speaksTLS(ctx context.Context) bool { return speaksTLS(ctx, h.Dial, h.Address) }

func speaksTLS(ctx context.Context, dial DialFunc, address string) bool {
	conn, err := dialer(dial)(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	// Nothing is sent over this connection: whose certificate it is does not
	// matter.
	//nolint:gosec // see above
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil
}
