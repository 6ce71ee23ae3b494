package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Client talks to an exchange at an address.
type Client struct {
	base string
	http *http.Client
}

// clientTimeout bounds one exchange of messages, maxAnswer its size in bytes.
const (
	clientTimeout = 2 * time.Second
	maxAnswer     = 1 << 20
)

// ErrUnexpectedStatus is an HTTP status that the protocol does not have.
var ErrUnexpectedStatus = errors.New("unexpected status from the exchange")

// NewClient returns a client of the exchange at a base address without a
// slash at its end.
func NewClient(base string) *Client {
	return &Client{base: base, http: &http.Client{Timeout: clientTimeout}}
}

// Status asks whether the exchange is there and trading.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.call(ctx, http.MethodGet, "/status", nil, &s)
}

// Markets returns all markets with their prices of the moment.
func (c *Client) Markets(ctx context.Context) ([]Market, error) {
	var list marketList
	err := c.call(ctx, http.MethodGet, "/markets", nil, &list)
	return list.Markets, err
}

// Quotes returns the prices alone.
func (c *Client) Quotes(ctx context.Context) ([]trade.Quote, error) {
	markets, err := c.Markets(ctx)
	quotes := make([]trade.Quote, len(markets))
	for i, m := range markets {
		quotes[i] = m.Quote
	}
	return quotes, err
}

// Place sends an order. Its error wraps ErrRejected when the exchange will
// never take it; after any other error the order may be sent again.
func (c *Client) Place(ctx context.Context, order Order) (Fill, error) {
	var fill Fill
	return fill, c.call(ctx, http.MethodPost, "/orders", order, &fill)
}

// Account returns a user's balance and positions.
func (c *Client) Account(ctx context.Context, user string) (Account, error) {
	var account Account
	return account, c.call(ctx, http.MethodGet, "/accounts/"+url.PathEscape(user), nil, &account)
}

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("exchange %s: %w", path, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("exchange %s: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("exchange %s: %w", path, err)
	}
	if err := verdict(response.StatusCode, answer); err != nil {
		return fmt.Errorf("exchange %s: %w", path, err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("exchange %s: decode the answer: %w", path, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err == nil && body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}

// verdict turns a status into an error. Only an answer about the order itself
// is final; a server in trouble may take the same order later.
func verdict(code int, answer []byte) error {
	switch code {
	case http.StatusOK:
		return nil
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %s", ErrRejected, reason(answer))
	default:
		return fmt.Errorf("%w (%d): %s", ErrUnexpectedStatus, code, reason(answer))
	}
}

func reason(answer []byte) string {
	var r refusal
	if json.Unmarshal(answer, &r) == nil && r.Error != "" {
		return strings.TrimPrefix(r.Error, ErrRejected.Error()+": ")
	}
	return string(answer[:min(len(answer), 200)])
}
