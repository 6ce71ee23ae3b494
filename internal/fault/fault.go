// Package fault carries the class of an error from where it is understood to
// where the process ends, so that the exit code names the kind of failure.
package fault

import (
	"errors"
	"fmt"
)

// Class is the kind of a failure; its value is the exit code of the process.
// Values: docs/cli.md, "Exit codes".
type Class int

// The classes, in the order of their exit codes.
const (
	None        Class = 0
	Failure     Class = 1
	Usage       Class = 2
	Config      Class = 3
	Engine      Class = 4
	Image       Class = 5
	Resource    Class = 6
	Service     Class = 7
	Timeout     Class = 8
	Verify      Class = 9
	Conflict    Class = 10
	Differs     Class = 11
	Unchecked   Class = 12
	Internal    Class = 70
	Unproven    Class = 125
	HungUp      Class = 129
	Interrupted Class = 130
	Terminated  Class = 143
)

func (c Class) String() string {
	names := map[Class]string{
		None: "none", Failure: "failure", Usage: "usage", Config: "config", Engine: "engine",
		Image: "image", Resource: "resource", Service: "service", Timeout: "timeout", Verify: "verify",
		Conflict: "conflict", Differs: "differs", Unchecked: "unchecked", Internal: "internal", Unproven: "unproven",
		HungUp: "hung up", Interrupted: "interrupted", Terminated: "terminated",
	}
	if name, ok := names[c]; ok {
		return name
	}
	return fmt.Sprintf("class(%d)", int(c))
}

// Signal says whether a signal ended the run: the exit code is 128 and its
// number.
func (c Class) Signal() bool { return c == HungUp || c == Interrupted || c == Terminated }

// Error is an error with a class and at most one hint: the next thing its
// reader can do about it.
type Error struct {
	Class Class
	Hint  string
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error below, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of class c; format and args as for fmt.Errorf.
func New(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// WithHint sets what the reader can do next and returns the same error.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// ClassOf returns the class that err carries, None for nil, and Failure when
// it carries none.
func ClassOf(err error) Class {
	if err == nil {
		return None
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Failure
}

// HintOf returns the outermost hint that err carries, or "".
func HintOf(err error) string {
	var e *Error
	for errors.As(err, &e) {
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
