package images

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// dockerfile is what a recipe must know of its Dockerfile.
type dockerfile struct {
	content []byte
	// syntax is the frontend that a "# syntax=" line asks for, "" for the
	// engine's own.
	syntax string
	// bases are the images it starts from or copies from, sorted; stages of
	// its own, "scratch" and names in contexts are not among them.
	bases []string
}

// parseDockerfile reads the images that a Dockerfile refers to. args are the
// build's arguments, contexts the names of its additional contexts, platform
// the target.
func parseDockerfile(content []byte, args map[string]string, contexts []string, platform string) (dockerfile, error) {
	out := dockerfile{content: content}
	if syntax, _, _, ok := parser.DetectSyntax(content); ok {
		out.syntax = syntax
	}
	stages, meta, err := parseStages(content)
	if err != nil {
		if out.syntax != "" && !officialFrontend(out.syntax) {
			return out, nil // another frontend, another language
		}
		return dockerfile{}, err
	}
	env := globalArgs(meta, args, platform)
	known := slices.Clone(contexts)
	for i, stage := range stages {
		base, err := expand(stage.BaseName, env)
		if err != nil {
			return dockerfile{}, fmt.Errorf("FROM %s: %w", stage.BaseName, err)
		}
		out.add(base, known, 0)
		for _, from := range copiesFrom(stage) {
			out.add(from, known, i)
		}
		known = append(known, strings.ToLower(stage.Name))
	}
	slices.Sort(out.bases)
	out.bases = slices.Compact(out.bases)
	return out, nil
}

// add takes in an image that a stage refers to; earlier is the number of
// stages that may be referred to by number.
func (d *dockerfile) add(name string, known []string, earlier int) {
	if number, err := strconv.Atoi(name); err == nil && number < earlier {
		return
	}
	if name == "" || name == "scratch" || strings.Contains(name, "$") {
		return
	}
	if slices.Contains(known, strings.ToLower(name)) || slices.Contains(known, name) {
		return
	}
	d.bases = append(d.bases, name)
}

func parseStages(content []byte) ([]instructions.Stage, []instructions.ArgCommand, error) {
	ast, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	stages, meta, err := instructions.Parse(ast.AST, nil)
	if err != nil {
		return nil, nil, err
	}
	if len(stages) == 0 {
		return nil, nil, fmt.Errorf("it has no FROM line")
	}
	return stages, meta, nil
}

// copiesFrom lists what COPY --from and RUN --mount=from= of a stage name.
func copiesFrom(stage instructions.Stage) []string {
	var out []string
	for _, command := range stage.Commands {
		switch c := command.(type) {
		case *instructions.CopyCommand:
			out = append(out, c.From)
		case *instructions.RunCommand:
			for _, mount := range instructions.GetMounts(c) {
				out = append(out, mount.From)
			}
		}
	}
	return out
}

// globalArgs are the values that FROM lines may use.
func globalArgs(meta []instructions.ArgCommand, args map[string]string, platform string) []string {
	var env []string
	for name, value := range platformArgs(platform) {
		env = append(env, name+"="+value)
	}
	for _, command := range meta {
		for _, arg := range command.Args {
			if given, ok := args[arg.Key]; ok {
				env = append(env, arg.Key+"="+given)
			} else if arg.Value != nil {
				// A default may refer to the arguments above it.
				value, _ := expand(*arg.Value, env)
				env = append(env, arg.Key+"="+value)
			}
		}
	}
	return env
}

// platformArgs are the arguments that the builder itself defines.
func platformArgs(platform string) map[string]string {
	if platform == "" {
		platform = "linux/" + runtime.GOARCH
	}
	parts := append(strings.SplitN(platform, "/", 3), "", "")
	out := map[string]string{}
	for _, prefix := range []string{"TARGET", "BUILD"} {
		out[prefix+"PLATFORM"] = platform
		out[prefix+"OS"] = parts[0]
		out[prefix+"ARCH"] = parts[1]
		out[prefix+"VARIANT"] = parts[2]
	}
	return out
}

func expand(word string, env []string) (string, error) {
	out, _, err := shell.NewLex('\\').ProcessWord(word, shell.EnvsFromSlice(env))
	return out, err
}

// officialFrontend says whether a frontend is one of those published with the
// builder itself. Any other is code of somebody else that runs in the builder.
func officialFrontend(syntax string) bool {
	name := strings.TrimPrefix(strings.TrimPrefix(syntax, "docker.io/"), "index.docker.io/")
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	return name == "docker/dockerfile" || name == "docker/dockerfile-upstream"
}
