//go:build !linux

package cli

import "syscall"

// dieWithParent is nothing where the system cannot do it.
func dieWithParent() *syscall.SysProcAttr { return nil }
