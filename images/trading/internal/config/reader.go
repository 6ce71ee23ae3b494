package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// reader takes typed values from the environment and remembers every problem,
// so that a wrong setup is reported whole instead of one variable per restart.
type reader struct {
	getenv   func(string) string
	problems []error
}

func (r *reader) fail(key, value, rule string) {
	r.problems = append(r.problems, fmt.Errorf("%s=%q: %s", key, value, rule))
}

func (r *reader) err() error { return errors.Join(r.problems...) }

func (r *reader) text(key, fallback string) string {
	if value := r.getenv(key); value != "" {
		return value
	}
	return fallback
}

func (r *reader) number(key string, fallback, low, high int) int {
	value := r.getenv(key)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		r.fail(key, value, fmt.Sprintf("must be a whole number from %d to %d", low, high))
		return fallback
	}
	return n
}

func (r *reader) port(key string, fallback uint16) uint16 {
	value := r.getenv(key)
	if value == "" {
		return fallback
	}
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		r.fail(key, value, "must be a port from 1 to 65535")
		return fallback
	}
	return uint16(n)
}

func (r *reader) duration(key string, fallback, low time.Duration) time.Duration {
	value := r.getenv(key)
	if value == "" {
		return fallback
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < low {
		r.fail(key, value, fmt.Sprintf("must be a duration of at least %s, such as 5s", low))
		return fallback
	}
	return d
}

func (r *reader) address(key, fallback string) string {
	value := r.text(key, fallback)
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		r.fail(key, value, "must be an http or https address")
		return fallback
	}
	return strings.TrimSuffix(value, "/")
}

func (r *reader) names(key, fallback string, valid func(string) bool) []string {
	var names []string
	for name := range strings.SplitSeq(r.text(key, fallback), ",") {
		name = strings.TrimSpace(name)
		if !valid(name) {
			r.fail(key, name, "must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter")
			continue
		}
		names = append(names, name)
	}
	return names
}
