package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stackctl/stackctl/internal/fault"
)

// environment is KEY=value pairs; of two with one key the last one counts.
type environment []string

// get is the value of a key, "" when it is not set.
func (e environment) get(key string) string {
	for i := len(e) - 1; i >= 0; i-- {
		if name, value, ok := strings.Cut(e[i], "="); ok && name == key {
			return value
		}
	}
	return ""
}

// envName is the variable that stands for a flag: --wait-timeout is
// STACKCTL_WAIT_TIMEOUT.
func envName(flag string) string {
	return "STACKCTL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets the flags that the command line leaves out from their
// variables. An empty variable counts as unset.
func fromEnvironment(cmd *cobra.Command, env environment) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := env.get(envName(f.Name))
		if f.Changed || givenBefore(cmd, f.Name) || value == "" || f.Name == "help" || excluded(cmd.Flags(), f) || failed != nil {
			return
		}
		for _, one := range splitEnv(f, value) {
			if err := cmd.Flags().Set(f.Name, one); err != nil {
				failed = fault.New(fault.Usage, "%s: %w", envName(f.Name), err)
			}
		}
	})
	return failed
}

// givenBefore says whether a global flag stood before the command's name.
func givenBefore(cmd *cobra.Command, name string) bool {
	f := cmd.Root().PersistentFlags().Lookup(name)
	return f != nil && f.Changed
}

// splitEnv are the values in one variable: of a flag that may be repeated
// there can be several, files parted as in PATH, other words by commas.
func splitEnv(f *pflag.Flag, value string) []string {
	if _, many := f.Value.(pflag.SliceValue); !many {
		return []string{value}
	}
	separator := ","
	if f.Name == "file" || f.Name == "env-file" || f.Name == "report" {
		separator = string(os.PathListSeparator)
	}
	return strings.Split(value, separator)
}
