package cli

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
)

// versionOptions are the flags of version.
type versionOptions struct {
	short  bool
	output string
}

// versionPatience is how long version waits for the engine.
const versionPatience = 3 * time.Second

func (a *app) versionCommand() *cobra.Command {
	var o versionOptions
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which stackctl this is, and which engine it would use",
		Args:  cobra.NoArgs,
		RunE:  a.begun(func(cmd *cobra.Command, _ []string) error { return a.showVersion(cmd.Context(), o) }),
	}
	cmd.Flags().BoolVar(&o.short, "short", false, "only the version of stackctl")
	cmd.Flags().VarP(newChoice(&o.output, outputText, outputJSON), "output", "o", "form of the result")
	return cmd
}

// versionDocument is what version -o json prints.
type versionDocument struct {
	SchemaVersion int          `json:"schema_version"`
	Version       string       `json:"version"`
	Go            string       `json:"go"`
	Platform      string       `json:"platform"`
	Engine        *show.Engine `json:"engine,omitempty"`
	EngineError   string       `json:"engine_error,omitempty"`
}

func (a *app) showVersion(ctx context.Context, o versionOptions) error {
	if o.short {
		return a.print(a.version + "\n")
	}
	d := versionDocument{
		SchemaVersion: show.SchemaVersion, Version: a.version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	engine, err := a.engineVersion(ctx)
	if err != nil {
		d.EngineError = err.Error()
	}
	d.Engine = engine
	if o.output == outputJSON {
		text, err := show.JSON(d)
		if err != nil {
			return err
		}
		return a.print(string(text))
	}
	text := fmt.Sprintf("stackctl %s (%s, %s)\n", d.Version, d.Go, d.Platform)
	if engine == nil {
		return a.print(text + "engine   none: " + d.EngineError + "\n")
	}
	return a.print(text + fmt.Sprintf("engine   %s (API %s, %s/%s) at %s\n", engine.Version, engine.APIVersion, engine.OS, engine.Arch, engine.Endpoint))
}

// engineVersion asks the engine; that there is none is no failure here.
func (a *app) engineVersion(ctx context.Context) (*show.Engine, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, versionPatience, fault.New(fault.Engine, "the engine gave no answer within %s", versionPatience))
	defer cancel()
	e, err := a.connect(ctx, 0)
	if err != nil {
		return nil, because(ctx, err)
	}
	defer e.Close()
	info, err := e.Info(ctx)
	if err != nil {
		return nil, because(ctx, err)
	}
	return show.EngineOf(info), nil
}

// because is why a call ended: that its time was over, where it was.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
