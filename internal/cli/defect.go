package cli

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/stackctl/stackctl/internal/fault"
)

// defectError is a panic that was caught, with the stack of where.
type defectError struct {
	panicked any
	stack    []byte
}

func (e *defectError) Error() string {
	return fmt.Sprintf("panic: %v; this is a defect of stackctl", e.panicked)
}

// defect is the error for what recover returned.
func defect(panicked any, stack []byte) error {
	return &fault.Error{Class: fault.Internal, Err: &defectError{panicked, stack}}
}

// guarded runs f and turns a panic into an error of class Internal.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = defect(r, debug.Stack())
		}
	}()
	return f()
}

// maxStack bounds how much of a stack is shown, in lines.
const maxStack = 60

// lines are the stack, bounded.
func (e *defectError) lines() []string {
	lines := strings.Split(strings.TrimSpace(string(e.stack)), "\n")
	if len(lines) > maxStack {
		lines = append(lines[:maxStack], "…")
	}
	return lines
}
