// Command testimage is the one program of the image that the end-to-end tests
// run: each mode is a way in which a service behaves, or misbehaves.
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"serve"}
	}
	modes := map[string]func(args []string) error{
		"serve":    serve,
		"sleep":    sleep,
		"exit":     exit,
		"check":    check,
		"counter":  counter,
		"close":    acceptAndClose,
		"eat":      eat,
		"write":    write,
		"cat":      cat,
		"deaf":     deaf,
		"say":      say,
		"copy":     copyFile,
		"report":   report,
		"terminal": terminal,
		"tell":     tell,
		"flaky":    flaky,
		"strike":   strike,
	}
	mode, ok := modes[args[0]]
	if !ok {
		fmt.Fprintln(os.Stderr, "unknown mode", args[0])
		os.Exit(64)
	}
	if err := mode(args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// option is the value of name=value among args, else fallback.
func option(args []string, name, fallback string) string {
	for _, a := range args {
		if value, ok := strings.CutPrefix(a, name+"="); ok {
			return value
		}
	}
	return fallback
}

func duration(args []string, name string) time.Duration {
	d, err := time.ParseDuration(option(args, name, "0s"))
	if err != nil {
		panic(err)
	}
	return d
}

// terminated is closed when the process is asked to end.
func terminated() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT)
	return c
}

// serve answers HTTP: listen=:8080 status=200 body=ok, after=2s until it is
// well (503 before), until=5s after which it is not, or not before again=7s, dies=6s exit=1. With
// net=tcp6 it listens on IPv6 alone, with tls=1 it speaks TLS, with to=URL it
// redirects, and needs=FILE is what it cannot start without. To id=FILE
// it writes a random word, the first time.
func serve(args []string) error {
	begin := time.Now()
	status, err := strconv.Atoi(option(args, "status", "200"))
	if err != nil {
		return err
	}
	if needed := option(args, "needs", ""); needed != "" {
		if _, err := os.Stat(needed); err != nil {
			return err
		}
	}
	if file := option(args, "id", ""); file != "" && first(file) {
		if err := os.WriteFile(file, []byte(rand.Text()), 0o644); err != nil {
			return err
		}
	}
	after, until, again := duration(args, "after"), duration(args, "until"), duration(args, "again")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		since := time.Since(begin)
		w.Header().Set("X-Service", option(args, "name", "testimage"))
		if since < after || until > 0 && since > until && (again == 0 || since < again) {
			http.Error(w, fmt.Sprintf("not well after %s", since.Round(time.Millisecond)), http.StatusServiceUnavailable)
			return
		}
		if r.URL.Path == "/env" {
			fmt.Fprintln(w, os.Getenv(r.URL.Query().Get("name")))
			return
		}
		if to := option(args, "to", ""); to != "" {
			w.Header().Set("Location", to)
		}
		w.WriteHeader(status)
		fmt.Fprintln(w, option(args, "body", "ok"))
	})
	listener, err := listen(args)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return wait(args)
}

// listen opens serve's port.
func listen(args []string) (net.Listener, error) {
	listener, err := net.Listen(option(args, "net", "tcp"), option(args, "listen", ":8080"))
	if err != nil || option(args, "tls", "") == "" {
		return listener, err
	}
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), nil
}

// wait ends with exit=N after dies=D, or with 0 when asked to, with the word
// farewell=W. With once=FILE
// it dies only where that file is not there yet, and makes it; with times=N
// file=FILE only in its first N runs, which it counts in the file. With
// told=FILE it dies when that file is there.
func wait(args []string) error {
	var die <-chan time.Time
	if d := duration(args, "dies"); d > 0 && first(option(args, "once", "")) && early(args) {
		die = time.After(d)
	}
	if file := option(args, "told", ""); file != "" {
		die = appears(file)
	}
	select {
	case <-terminated():
		if text := option(args, "farewell", ""); text != "" {
			fmt.Println(text)
		}
		return nil
	case <-die:
		fmt.Println("dying as told")
		code, _ := strconv.Atoi(option(args, "exit", "1"))
		os.Exit(code)
		return nil
	}
}

// first makes a file and says whether it was not there; without a name it is
// always the first time.
func first(name string) bool {
	if name == "" {
		return true
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return false
	}
	_ = f.Close() // nothing was written
	return true
}

// appears tells when a file is there.
func appears(file string) <-chan time.Time {
	told := make(chan time.Time)
	go func() {
		for now := range time.Tick(20 * time.Millisecond) {
			if _, err := os.Stat(file); err == nil {
				told <- now
			}
		}
	}()
	return told
}

// early says whether this is one of the first times=N runs; without the
// option every run is.
func early(args []string) bool {
	times, err := strconv.Atoi(option(args, "times", ""))
	return err != nil || runs(option(args, "file", "/data/runs")) <= times
}

// runs adds this run to those that a file counts, and returns their number.
func runs(file string) int {
	b, _ := os.ReadFile(file) // there is none in the first run
	b = append(b, '.')
	if err := os.WriteFile(file, b, 0o600); err != nil {
		panic(err)
	}
	return len(b)
}

// sleep does nothing: dies=3s exit=1.
func sleep(args []string) error { return wait(args) }

// exit ends at once, or after dies=D, with the code given first.
func exit(args []string) error {
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	time.Sleep(duration(args, "after")) // the mode is a delay
	fmt.Println(option(args, "say", "exiting"))
	os.Exit(code)
	return nil
}

// check is a healthcheck: url=http://127.0.0.1:8080/. With any=1 every answer
// will do, as with a client that does not look at the status. With unless=FILE
// it fails while that file is there, with who=BODY when another body comes.
func check(args []string) error {
	if file := option(args, "unless", ""); file != "" {
		if _, err := os.Stat(file); err == nil {
			return fmt.Errorf("it fails for %s is there", file)
		}
	}
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get(option(args, "url", "http://127.0.0.1:8080/"))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if option(args, "any", "") != "" {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	if resp.StatusCode >= 500 {
		return fmt.Errorf("status %d: %s", resp.StatusCode, bytes.TrimSpace(body))
	}
	if who := option(args, "who", ""); who != "" && string(bytes.TrimSpace(body)) != who {
		return fmt.Errorf("%s answers, not %s", bytes.TrimSpace(body), who)
	}
	return nil
}

// counter is a healthcheck that passes good=N times and then fails; it counts
// in a file of its own: file=/tmp/count.
func counter(args []string) error {
	file := option(args, "file", "/tmp/count")
	good, _ := strconv.Atoi(option(args, "good", "1"))
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(file, append(b, '.'), 0o600); err != nil {
		return err
	}
	if len(b) >= good {
		return fmt.Errorf("run %d fails as told", len(b)+1)
	}
	return nil
}

// acceptAndClose accepts connections and closes them without a byte.
func acceptAndClose(args []string) error {
	listener, err := net.Listen("tcp", option(args, "listen", ":8080"))
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return wait(args)
}

// eat allocates mb=N and touches it.
func eat(args []string) error {
	mb, _ := strconv.Atoi(option(args, "mb", "100"))
	var kept [][]byte
	for range mb {
		kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
	}
	fmt.Println("ate", len(kept), "MiB")
	return wait(args)
}

// write appends a line to a file and ends: file=/data/x.
func write(args []string) error {
	f, err := os.OpenFile(option(args, "file", "/data/x"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, option(args, "say", "line")); err != nil {
		return err
	}
	return f.Close()
}

// cat prints files.
func cat(args []string) error {
	for _, name := range args {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := os.Stdout.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies what a file holds: from=/proc/self/limits to=/out.
func copyFile(args []string) error {
	b, err := os.ReadFile(option(args, "from", ""))
	if err != nil {
		return err
	}
	return os.WriteFile(option(args, "to", ""), b, 0o644)
}

// tell says all it knows: its environment, its arguments and the file=NAME.
// With exit=N it ends so, as a healthcheck does; else it sleeps.
func tell(args []string) error {
	fmt.Println(strings.Join(append(os.Environ(), args...), " "))
	if name := option(args, "file", ""); name != "" {
		if err := cat([]string{name}); err != nil {
			return err
		}
	}
	if code, err := strconv.Atoi(option(args, "exit", "")); err == nil {
		os.Exit(code)
	}
	return wait(args)
}

// report writes who runs it, where and with which rights into a file, each on
// a line of its own: file=/data/report env=NAME.
func report(args []string) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, after, _ := strings.Cut(string(status), "CapEff:")
	rights, _, _ := strings.Cut(strings.TrimSpace(after), "\n")
	name := option(args, "env", "")
	text := fmt.Sprintf("uid=%d gid=%d\ndir=%s\n%s=%s\nrights=%s\n", os.Getuid(), os.Getgid(), dir, name, os.Getenv(name), rights)
	return os.WriteFile(option(args, "file", "/data/report"), []byte(text), 0o666)
}

// deaf ignores SIGTERM for as long as it lives: an hour.
func deaf([]string) error {
	signal.Ignore(syscall.SIGTERM)
	time.Sleep(time.Hour) // the mode is a delay
	return nil
}

// say prints a text with \n and \x1b in it and then sleeps.
func say(args []string) error {
	text, err := strconv.Unquote(`"` + option(args, "text", "hello") + `"`)
	if err != nil {
		return err
	}
	fmt.Println(text)
	return wait(args)
}
