package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/internal/fault"
)

// page is docs/cli.md, by its headings of the second and third level.
func page(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range regexp.MustCompile(`(?m)^###? `).Split(string(text), -1)[1:] {
		title, body, _ := strings.Cut(part, "\n")
		sections[title] = body
	}
	return sections
}

// flagWords are the flags that a text names: `--file`, `-f`.
func flagWords(text string) []string {
	var words []string
	for _, m := range regexp.MustCompile("`(--?[a-zA-Z][a-z-]*)`").FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

// declared are the flags of a command itself, long and short.
func declared(flags *pflag.FlagSet) []string {
	var words []string
	flags.VisitAll(func(f *pflag.Flag) {
		words = append(words, "--"+f.Name)
		if f.Shorthand != "" {
			words = append(words, "-"+f.Shorthand)
		}
	})
	return words
}

func TestThePageAndTheCommandsSayTheSame(t *testing.T) {
	sections := page(t)
	root := newApp(Streams{}, nil, "", operations{}).rootCommand()
	root.InitDefaultHelpFlag()
	root.InitDefaultHelpCmd()
	global := declared(root.PersistentFlags())
	compare(t, "Global flags", append(slices.Clone(global), "--help", "-h"), flagWords(sections["Global flags"]))
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" || cmd.Hidden {
			continue
		}
		section, ok := sections[cmd.Name()]
		if !ok {
			t.Errorf("command %s is not on the page", cmd.Name())
			continue
		}
		delete(sections, cmd.Name())
		exist := declared(cmd.LocalNonPersistentFlags())
		for _, sub := range cmd.Commands() {
			exist = append(exist, declared(sub.LocalNonPersistentFlags())...)
			if !strings.Contains(section, "`"+sub.Name()+"`") {
				t.Errorf("%s is not on the page", sub.CommandPath())
			}
		}
		compare(t, cmd.Name(), except(exist, "--help", "-h"), flagWords(section))
		checkWords(t, cmd, section)
	}
	for _, title := range []string{"Commands", "Global flags", "Environment", "Reports", "Exit codes", "x-stackctl"} {
		delete(sections, title)
	}
	for title := range sections {
		t.Errorf("the page describes %q, which does not exist", title)
	}
}

// compare reports what is only on one side.
func compare(t *testing.T, where string, exist, described []string) {
	t.Helper()
	for _, flag := range exist {
		if !slices.Contains(described, flag) {
			t.Errorf("%s: %s is not on the page", where, flag)
		}
	}
	for _, flag := range described {
		if !slices.Contains(exist, flag) {
			t.Errorf("%s: the page describes %s, which does not exist", where, flag)
		}
	}
}

func except(words []string, without ...string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(without, w) })
}

// checkWords holds the page to the words that a choice takes.
func checkWords(t *testing.T, cmd *cobra.Command, section string) {
	t.Helper()
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		c, ok := f.Value.(*choice)
		if !ok || (cmd.Name() == "plan" || cmd.Name() == "test") && f.Name == "pull" {
			return
		}
		for _, word := range c.words {
			if !strings.Contains(section, "`"+word+"`") {
				t.Errorf("%s --%s: %s is not on the page", cmd.Name(), f.Name, word)
			}
		}
	})
}

func TestThePageHasEveryExitCode(t *testing.T) {
	section := page(t)["Exit codes"]
	for class := range fault.Class(150) {
		word := class.String()
		if strings.HasPrefix(word, "class(") || class.Signal() {
			continue
		}
		if !regexp.MustCompile(`(?m)^\| ` + strconv.Itoa(int(class)) + ` \| ` + word + ` \|`).MatchString(section) {
			t.Errorf("exit code %d (%s) is not on the page", class, word)
		}
	}
	for _, code := range []string{"129", "130", "143"} {
		if !strings.Contains(section, code) {
			t.Errorf("exit code %s is not on the page", code)
		}
	}
}

func TestTheExampleOfThePageIsAValidFile(t *testing.T) {
	_, rest, ok := strings.Cut(page(t)["x-stackctl"], "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("there is no example")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"compose.yaml": example, "secrets/db": "x"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := compose.Load(t.Context(), compose.Options{Dir: dir, Files: []string{filepath.Join(dir, "compose.yaml")}, Name: "page"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Settings.Timeout == 0 || !p.Services["import"].Settings.Job || len(p.Services["web"].Settings.CriticalLogs) != 2 {
		t.Errorf("the example means %+v", p.Settings)
	}
}
