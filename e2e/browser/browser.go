// Package browser drives a headless Chromium through its pipe, for the tests of
// the operator's page: no library, no port.
package browser

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// Browser is a Chromium with one page.
type Browser struct {
	cmd     *exec.Cmd
	to      io.WriteCloser
	session string

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	gone    error
}

// answer is what the browser says to a command.
type answer struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// Find is the Chromium of this machine, "" for none.
func Find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Start starts the program with a profile of its own in dir.
func Start(ctx context.Context, program, dir string) (*Browser, error) {
	in, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	//nolint:gosec // G204: the browser that the caller names
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
		"--user-data-dir="+dir, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{in, out}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_ = in.Close() // the browser's ends
	_ = out.Close()
	b := &Browser{cmd: cmd, to: to, waiting: map[int]chan answer{}}
	go b.read(from)
	return b, b.attach(ctx)
}

// Close ends the browser.
func (b *Browser) Close() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
	_ = b.to.Close()
}

// read takes what the browser says, a message up to each NUL.
func (b *Browser) read(from io.ReadCloser) {
	defer from.Close()
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		data, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			b.gone = fmt.Errorf("the browser has ended: %w", err)
			for _, c := range b.waiting {
				close(c)
			}
			b.waiting = map[int]chan answer{}
			b.mu.Unlock()
			return
		}
		var m struct {
			ID int
			answer
		}
		if json.Unmarshal(data[:len(data)-1], &m) != nil || m.ID == 0 {
			continue
		}
		b.mu.Lock()
		c := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if c != nil {
			c <- m.answer
		}
	}
}

// Call sends a command of the DevTools protocol and decodes its result.
func (b *Browser) Call(ctx context.Context, method string, params, result any) error {
	b.mu.Lock()
	if b.gone != nil {
		b.mu.Unlock()
		return b.gone
	}
	b.next++
	id, c := b.next, make(chan answer, 1)
	b.waiting[id] = c
	message := map[string]any{"id": id, "method": method, "params": params}
	if params == nil {
		message["params"] = struct{}{}
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	data, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(data, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case a, ok := <-c:
		switch {
		case !ok:
			return b.gone
		case a.Error != nil:
			return fmt.Errorf("%s: %s", method, a.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(a.Result, result)
	}
}

// attach takes the first page.
func (b *Browser) attach(ctx context.Context) error {
	var target struct{ TargetID string }
	if err := b.Call(ctx, "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var session struct{ SessionID string }
	err := b.Call(ctx, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.session = session.SessionID
	b.mu.Unlock()
	return errors.Join(b.Call(ctx, "Page.enable", nil, nil), b.Call(ctx, "Runtime.enable", nil, nil))
}

// Look sets the size of the window, and whether dark is preferred.
func (b *Browser) Look(ctx context.Context, width, height int, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return errors.Join(
		b.Call(ctx, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil),
		b.Call(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
			{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}}}, nil),
	)
}

// Open goes to an address.
func (b *Browser) Open(ctx context.Context, url string) error {
	return b.Call(ctx, "Page.navigate", map[string]any{"url": url}, nil)
}

// Eval is the value of an expression in the page; a promise is waited for.
func (b *Browser) Eval(ctx context.Context, expression string, value any) error {
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Text string }
	}
	err := b.Call(ctx, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	switch {
	case err != nil:
		return err
	case out.ExceptionDetails != nil:
		return fmt.Errorf("%s: %s", expression, out.ExceptionDetails.Text)
	case value == nil || out.Result.Value == nil:
		return nil
	}
	return json.Unmarshal(out.Result.Value, value)
}

// Key presses a key as a person does.
func (b *Browser) Key(ctx context.Context, key string, code int) error {
	press := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
	if key == "Enter" {
		press["text"] = "\r"
	}
	return errors.Join(
		b.Call(ctx, "Input.dispatchKeyEvent", press, nil),
		b.Call(ctx, "Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code}, nil),
	)
}

// Screenshot is the whole page as PNG.
func (b *Browser) Screenshot(ctx context.Context) ([]byte, error) {
	var out struct{ Data string }
	if err := b.Call(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &out); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(out.Data)
}
