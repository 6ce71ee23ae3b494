// Package corpus compares what stackctl and docker compose make of compose
// files of any origin: whether they take them, and the model they resolve them
// to, as a tree. No engine is needed.
package corpus

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Case is one project of a corpus: what is given to both programs.
type Case struct {
	// Name tells it from the others, Dir is where it is run.
	Name, Dir string
	// Files are named with -f; without any, the programs find their own.
	Files []string
}

// args are the arguments of both programs before the command.
func (c Case) args() []string {
	var args []string
	for _, file := range c.Files {
		args = append(args, "-f", file)
	}
	return args
}

// found are the names that both programs look for by themselves.
var found = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// Collect returns the projects below a directory, laid out as products lay them
// out: where a file has one of the usual names the directory is a project, with
// its override and .env; each other file that could be a compose file is one of
// its own.
func Collect(root string) ([]Case, error) {
	var cases []Case
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isYAML(path) {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		c := Case{Name: name, Dir: filepath.Dir(path)}
		if !isFirst(path) {
			c.Files = []string{filepath.Base(path)}
		}
		cases = append(cases, c)
		return nil
	})
	slices.SortFunc(cases, func(a, b Case) int { return cmp.Compare(a.Name, b.Name) })
	return cases, err
}

func isYAML(path string) bool {
	return strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")
}

// isFirst says whether a file is the one that is found in its directory.
func isFirst(path string) bool {
	for _, name := range found {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), name)); err == nil {
			return filepath.Base(path) == name
		}
	}
	return false
}

// Peer are the two programs.
type Peer struct{ Stackctl, Compose string }

// Result is what became of one case.
type Result struct {
	Case
	Outcome Outcome
	// Detail says more of an outcome: refused keys, differing fields, errors.
	Detail []string
	// Differs are the fields of both models that differ, by path.
	Differs []Field
	// Size is how large the model is, 0 where one of both refuses the file.
	Size int
}

// Outcome is the row of the table in which a case is counted.
type Outcome int

// The outcomes; from Disagree on, they are failures.
const (
	Same Outcome = iota
	RefusedByBoth
	RefusedKey
	RefusedBlank
	MissingFile
	Expected
	Disagree
	DisagreeInExit
	AcceptedAlone
)

func (o Outcome) String() string {
	return [...]string{
		"accepted by both, the same tree", "refused by both", "refused: a key of the support table", "refused: a blank that truth names",
		"refused: a missing file", "differs as docs/peer-differences.md says", "DISAGREE in the tree", "REFUSED by stackctl alone", "ACCEPTED by stackctl alone",
	}[o]
}

// Compare runs both programs on a case.
func (p Peer) Compare(ctx context.Context, c Case, listed []Difference) Result {
	theirs, _, theirError := run(ctx, c, p.Compose, "config")
	ours, _, ourError := run(ctx, c, p.Stackctl, "config", "--no-redact")
	r := Result{Case: c}
	switch {
	case theirError != nil && ourError != nil:
		r.Outcome = RefusedByBoth
	case theirError != nil:
		r.Outcome, r.Detail = AcceptedAlone, []string{theirError.Error()}
		if isListedAsAccepted(c, listed) {
			r.Outcome = Expected
		}
	case ourError != nil:
		r.Outcome, r.Detail = classify(ctx, c, listed)
		if r.Detail == nil {
			r.Detail = []string{ourError.Error()}
		}
	default:
		r.Size = len(fmt.Sprint(theirs))
		r.Differs = diff("", normal("", theirs), normal("", ours))
		for _, f := range r.Differs {
			if i := slices.IndexFunc(listed, func(d Difference) bool { return d.Holds(f) }); i >= 0 {
				r.Outcome = max(r.Outcome, Expected)
				continue
			}
			r.Outcome = Disagree
			r.Detail = append(r.Detail, f.String())
		}
	}
	return r
}
