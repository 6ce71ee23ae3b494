package operator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

const (
	// hookQueue is how many messages wait; more are dropped and counted.
	hookQueue = 100
	// hookTries and hookFirst are how often one is sent, and the pause after
	// the first try, which doubles.
	hookTries = 5
	hookFirst = time.Second
	// hookTime is how long an answer may take.
	hookTime = 10 * time.Second
)

// SignatureHeader carries the signature of a message: sha256= and the HMAC of
// the body under the shared secret, in hexadecimal digits.
const SignatureHeader = "X-Stackctl-Signature"

// Message is what a hook is sent. docs/operator.md describes it.
type Message struct {
	SchemaVersion int       `json:"schema_version"`
	ID            string    `json:"id"`
	At            time.Time `json:"at"`
	Project       string    `json:"project"`
	Directory     string    `json:"directory"`
	Event         string    `json:"event"`
	Service       string    `json:"service"`
	State         string    `json:"state"`
	Reason        string    `json:"reason"`
	Pass          int       `json:"pass"`
	TookSeconds   float64   `json:"took_seconds"`
	// Dropped is how many messages before this one were lost.
	Dropped int `json:"dropped"`
}

// Hook posts what happens to a URL.
type Hook struct {
	url, secret  string
	project, dir string
	client       *http.Client
	warn         func(error)
	queue        chan orchestrator.Happening
	dropped      atomic.Int64
}

// NewHook checks the address. secret may be "", for messages without a
// signature.
func NewHook(address, secret, project, dir string, warn func(error)) (*Hook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.New(fault.Usage, "--on-event takes an http or https URL, not %q", address)
	}
	return &Hook{
		url: address, secret: secret, project: project, dir: dir, warn: warn,
		client: &http.Client{Timeout: hookTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		queue:  make(chan orchestrator.Happening, hookQueue),
	}, nil
}

// Add takes what a hook is told: a service failed, was healed, was given up.
// It never blocks.
func (h *Hook) Add(one orchestrator.Happening) {
	switch one.Kind {
	case orchestrator.Failing, orchestrator.Healed, orchestrator.GivenUpOn:
	default:
		return
	}
	select {
	case h.queue <- one:
	default:
		h.dropped.Add(1)
	}
}

// Run sends one message after the other until ctx ends.
func (h *Hook) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case one := <-h.queue:
			if err := h.send(ctx, one); err != nil && ctx.Err() == nil {
				h.warn(fmt.Errorf("the hook was not told of %s %s: %w", one.Service, one.Kind, err))
			}
		}
	}
}

// send posts one message until it is taken.
func (h *Hook) send(ctx context.Context, one orchestrator.Happening) error {
	id := make([]byte, 12)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	body, err := json.Marshal(Message{
		SchemaVersion: 1, ID: hex.EncodeToString(id), At: one.At.UTC(), Project: h.project, Directory: h.dir,
		Event: eventName(one.Kind), Service: one.Service, State: one.State, Reason: text(one.Text), Pass: one.Pass,
		TookSeconds: seconds(one.Took), Dropped: int(h.dropped.Swap(0)),
	})
	if err != nil {
		return err
	}
	backoff := hookFirst
	for try := 1; ; try++ {
		again, err := h.post(ctx, body)
		if err == nil || !again || try == hookTries {
			return err
		}
		timer := time.NewTimer(backoff)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		backoff *= 2
	}
}

// eventName is the word for programs.
func eventName(kind orchestrator.HappeningKind) string {
	if kind == orchestrator.GivenUpOn {
		return "gave_up"
	}
	return string(kind)
}

// post sends a body once and says whether it is worth another try.
func (h *Hook) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "stackctl")
	if h.secret != "" {
		req.Header.Set(SignatureHeader, "sha256="+sign(h.secret, body))
	}
	resp, err := h.client.Do(req)
	if err != nil {
		var broken *url.Error // without the URL, which may hold a secret
		if errors.As(err, &broken) {
			err = broken.Err
		}
		return true, err
	}
	_ = resp.Body.Close() // what it says does not matter
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return false, nil
	}
	busy := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout
	return resp.StatusCode >= 500 || busy, fmt.Errorf("the answer was %s", resp.Status)
}

// sign is the HMAC of a body.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
