package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stackctl/stackctl/internal/fault"
)

// exclusiveWith is the annotation of a flag that names those it excludes.
const exclusiveWith = "exclusive-with"

// exclusive declares that at most one of the flags may be given.
func exclusive(cmd *cobra.Command, names ...string) { exclude(cmd.Flags(), names...) }

func exclude(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f := flags.Lookup(name)
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
		f.Annotations[exclusiveWith] = append(f.Annotations[exclusiveWith], others...)
	}
}

// excluded says whether another flag that was given keeps f from counting.
func excluded(flags *pflag.FlagSet, f *pflag.Flag) bool {
	return slices.ContainsFunc(f.Annotations[exclusiveWith], flags.Changed)
}

// checkExclusive refuses flags that exclude each other. It is called before
// the environment is read: there the command line simply wins.
func checkExclusive(flags *pflag.FlagSet) error {
	var given []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed && excluded(flags, f) {
			given = append(given, "--"+f.Name)
		}
	})
	if len(given) == 0 {
		return nil
	}
	return fault.New(fault.Usage, "%s exclude each other", strings.Join(given, " and "))
}
