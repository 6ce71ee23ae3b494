// Command trading is every service of the reference stack in one static
// program: the first argument chooses the role a container plays.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/stackctl/stackctl/images/trading/internal/role"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := role.Run(ctx, role.Process{
		Args:   os.Args[1:],
		Getenv: os.Getenv,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
	})
	stop()
	os.Exit(code)
}
