package tradeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Client asks the interface of another service.
type Client struct {
	base string
	http *http.Client
}

// ErrRefused is an answer that says no.
var ErrRefused = errors.New("refused by the trade manager")

// NewClient returns a client for a base address without a slash at its end.
func NewClient(base string) *Client {
	return &Client{base: base, http: &http.Client{Timeout: 2 * time.Second}}
}

// Post asks for a new trade. With a reference it can be repeated safely.
func (c *Client) Post(ctx context.Context, request trade.Request) (trade.Trade, error) {
	var t trade.Trade
	body, err := json.Marshal(request)
	if err != nil {
		return t, fmt.Errorf("post trade: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/trades", bytes.NewReader(body))
	if err != nil {
		return t, fmt.Errorf("post trade: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(r)
	if err != nil {
		return t, fmt.Errorf("post trade: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return t, fmt.Errorf("post trade: %w", err)
	}
	if response.StatusCode != http.StatusCreated && response.StatusCode != http.StatusOK {
		return t, fmt.Errorf("post trade: %w (%d): %.200q", ErrRefused, response.StatusCode, content)
	}
	if err := json.Unmarshal(content, &t); err != nil {
		return t, fmt.Errorf("post trade: decode the answer: %w", err)
	}
	return t, nil
}
