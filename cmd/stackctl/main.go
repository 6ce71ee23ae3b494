// Command stackctl brings up a Compose stack and exits with 0 only when all of
// it is proven to work.
package main

import (
	"context"
	"os"

	"github.com/stackctl/stackctl/internal/cli"
)

// version is set by the linker.
var version = "devel" //nolint:gochecknoglobals // -X sets variables only

func main() {
	ctx, hurry, stop := cli.WithSignals(context.Background())
	streams := cli.ProcessStreams(os.Stdin, os.Stdout, os.Stderr, hurry)
	code := cli.Run(ctx, streams, os.Args[1:], os.Environ(), version)
	stop()
	os.Exit(code)
}
