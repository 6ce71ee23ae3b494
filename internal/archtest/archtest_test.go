package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stackctl/stackctl"

// layers are the packages from the bottom to the top; those of one line do
// not know each other. A package stands for what lies below it, too.
func layers() [][]string {
	return [][]string{
		{"internal/fault", "internal/sanitize"},
		{"healthchecks", "internal/lock"},
		{"compose", "images"},
		{"orchestrator"},
		{"internal/docker", "internal/operator"},
		{"internal/reaper"},
		{"internal/cli"},
		{"cmd"},
	}
}

// apart are the packages that are outside of the program: they test it.
func apart() []string {
	return []string{"e2e", "examples", "internal/archtest", "internal/fakeengine", "internal/scripted", "internal/testkit", "images/standin"}
}

// clients are the client libraries of engines, which internal/docker alone may
// import.
func clients() []string {
	return []string{"github.com/docker/docker", "github.com/moby/moby/client", "github.com/moby/moby/api", "github.com/containerd/containerd"}
}

// pkg is what `go list` says about a package.
type pkg struct {
	ImportPath, Dir                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// name is the package's path within the module.
func (p pkg) name() string { return within(p.ImportPath) }

func within(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// list returns every package of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// covers says whether a package is root or lies below it.
func covers(root, name string) bool { return name == root || strings.HasPrefix(name, root+"/") }

func anyCovers(roots []string, name string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return covers(root, name) })
}

// place finds a package's layer and what it stands for there; -1 for none.
func place(name string) (layer int, root string) {
	if anyCovers(apart(), name) {
		return -1, ""
	}
	for i, roots := range layers() {
		for _, r := range roots {
			if covers(r, name) {
				return i, r
			}
		}
	}
	return -1, ""
}

// forbidden says why a package must not import another one of the module, ""
// when it may.
func forbidden(from, to string) string {
	fromLayer, fromRoot := place(from)
	toLayer, toRoot := place(to)
	switch {
	case fromLayer < 0 || toLayer < 0:
		return "one of them has no place in the architecture"
	case fromRoot == toRoot && fromRoot != "cmd":
		return ""
	case toLayer >= fromLayer:
		return "arrows go from the top to the bottom"
	case fromRoot == "cmd" && toRoot != "internal/cli":
		return "cmd knows internal/cli alone"
	}
	return ""
}

func TestEveryPackageHasAPlaceInTheArchitecture(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list(t) {
		if layer, _ := place(p.name()); layer < 0 && !anyCovers(apart(), p.name()) {
			t.Errorf("%s has no place in the architecture: give it one in docs/architecture.md and in this test", p.name())
		}
	}
	for _, root := range slices.Concat(layers()...) {
		if !bytes.Contains(page, []byte("`"+root)) {
			t.Errorf("docs/architecture.md does not name %s", root)
		}
	}
}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range list(t) {
		if anyCovers(apart(), p.name()) {
			continue
		}
		for _, to := range p.Imports {
			if !covers(module, to) {
				continue
			}
			if why := forbidden(p.name(), within(to)); why != "" {
				t.Errorf("%s imports %s: %s", p.name(), within(to), why)
			}
		}
	}
}

func TestOnlyOnePackageKnowsTheEnginesClientLibrary(t *testing.T) {
	for _, p := range list(t) {
		imports := p.Imports
		if !anyCovers(apart(), p.name()) {
			imports = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		}
		for _, to := range imports {
			if anyCovers(clients(), to) && !covers("internal/docker", p.name()) {
				t.Errorf("%s imports %s, which internal/docker alone may", p.name(), to)
			}
		}
	}
}

func TestTheRulesForbidWhatTheyShould(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"cmd/stackctl", "internal/cli", true},
		{"cmd/stackctl", "orchestrator", false},
		{"internal/cli/show", "internal/cli/console", true},
		{"internal/cli/show", "orchestrator", true},
		{"internal/docker", "orchestrator", true},
		{"orchestrator", "internal/docker", false},
		{"orchestrator", "internal/cli", false},
		{"orchestrator", "compose", true},
		{"compose", "orchestrator", false},
		{"compose", "internal/docker", false},
		{"compose", "images", false},
		{"compose", "healthchecks", true},
		{"healthchecks", "compose", false},
		{"healthchecks", "internal/docker", false},
		{"internal/fault", "internal/sanitize", false},
		{"orchestrator", "e2e", false},
		{"orchestrator", "somewhere/new", false},
	} {
		if why := forbidden(c.from, c.to); (why == "") != c.allowed {
			t.Errorf("%s → %s: allowed %t (%s), want %t", c.from, c.to, why == "", why, c.allowed)
		}
	}
}

// source is one parsed file that is not a test.
type source struct {
	name string
	file *ast.File
	set  *token.FileSet
}

// sources parses the files of a package that become part of a program.
func sources(t *testing.T, p pkg) []source {
	t.Helper()
	var all []source
	for _, name := range p.GoFiles {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{path.Join(p.name(), name), file, set})
	}
	return all
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range list(t) {
		comments := 0
		for _, s := range sources(t, p) {
			if s.file.Doc != nil && len(strings.TrimSpace(s.file.Doc.Text())) > 0 {
				comments++
			}
		}
		if comments != 1 && len(p.GoFiles) > 0 {
			t.Errorf("%s has %d package comments, want one", p.name(), comments)
		}
	}
}

// uses lists the places where a file uses a function of a package, as
// "file:line".
func (s source) uses(importPath, function string) []string {
	local := s.localName(importPath)
	var places []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != function {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == local && local != "" {
			places = append(places, fmt.Sprintf("%s:%d", s.name, s.set.Position(n.Pos()).Line))
		}
		return true
	})
	return places
}

// localName is what a file calls a package that it imports, "" when it does
// not.
func (s source) localName(importPath string) string {
	for _, spec := range s.file.Imports {
		if got, err := strconv.Unquote(spec.Path.Value); err != nil || got != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

func (s source) hasInit() bool {
	return slices.ContainsFunc(s.file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == "init"
	})
}

func TestTheProgramNeitherSleepsNorEndsOnItsOwn(t *testing.T) {
	for _, p := range list(t) {
		if anyCovers(apart(), p.name()) {
			continue
		}
		for _, s := range sources(t, p) {
			if s.hasInit() {
				t.Errorf("%s has an init function: nothing happens by being imported", s.name)
			}
			for _, at := range s.uses("time", "Sleep") {
				t.Errorf("%s sleeps: wait for the thing itself, and for the context", at)
			}
			if covers("cmd", p.name()) {
				continue
			}
			for _, at := range s.uses("os", "Exit") {
				t.Errorf("%s ends the process, which cmd alone may", at)
			}
		}
	}
}

func TestTheSourceChecksFindWhatTheyShould(t *testing.T) {
	const text = `package p

import (
	clock "time"
	"os"
)

func init() { clock.Sleep(1) }

func end() { os.Exit(1) }
`
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := source{"p.go", file, set}
	if !s.hasInit() {
		t.Error("the init function is not found")
	}
	if got := s.uses("time", "Sleep"); !slices.Equal(got, []string{"p.go:8"}) {
		t.Errorf("time.Sleep is found at %q", got)
	}
	if got := s.uses("os", "Exit"); !slices.Equal(got, []string{"p.go:10"}) {
		t.Errorf("os.Exit is found at %q", got)
	}
}
