package compose

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

// checkFiles reports files and directories that services need and that are
// not there: the engine would make empty directories of them.
func (b *builder) checkFiles(p *Project) {
	if b.options.WithoutFiles {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		b.checkFileObject("secret", path{"secrets", name}, types.FileObjectConfig(p.Secrets[name]), p)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Configs)) {
		b.checkFileObject("config", path{"configs", name}, types.FileObjectConfig(p.Configs[name]), p)
	}
	for _, name := range p.ServiceNames() {
		b.checkContext(p.Services[name])
		for i, option := range p.Services[name].SecurityOpt {
			if file := SeccompProfile(option); file != "" {
				b.checkFile("seccomp profile", path{"services", name, "security_opt", item(i)}, absolute(b.sources.at.dir, file))
			}
		}
	}
}

func (b *builder) checkFileObject(what string, at path, o types.FileObjectConfig, p *Project) {
	if bool(o.External) || o.Driver != "" {
		return
	}
	switch {
	case o.File != "":
		b.checkFile(what, at.next("file"), o.File)
	case o.Environment != "" && o.Content == "":
		if _, ok := p.Environment[o.Environment]; !ok {
			b.ps.later(b.sources.problem(at.next("environment"), fmt.Sprintf("variable %s is not set", o.Environment),
				fmt.Sprintf("set %s in the environment or in .env", o.Environment)))
		}
	case o.Content == "" && o.Environment == "" && what == "secret":
		b.ps.later(b.sources.problem(at, "the secret has no source", "add file: or environment:"))
	}
}

func (b *builder) checkFile(what string, at path, file string) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		b.ps.later(b.sources.problem(at, fmt.Sprintf("%s: %s", b.ps.show(file), fileFault(what+" file", err)), "create it, or correct the path"))
	case !info.Mode().IsRegular():
		message := "is not a regular file"
		if info.IsDir() {
			message = "is a directory"
		}
		b.ps.later(b.sources.problem(at, fmt.Sprintf("%s %s", b.ps.show(file), message), "name a file"))
	default:
		if to, leaves := leavesTree(b.sources.at.dir, file); leaves {
			b.ps.later(b.sources.problem(at, fmt.Sprintf("%s is a symbolic link to %s, out of the directory it is named in", b.ps.show(file), to),
				"name that path itself"))
		}
	}
}

// checkContext reports a local build context that is no directory.
func (b *builder) checkContext(s *Service) {
	if s.Build == nil || !filepath.IsAbs(s.Build.Context) {
		return
	}
	at := path{"services", s.Name, "build", "context"}
	info, err := os.Stat(s.Build.Context)
	switch {
	case err != nil:
		b.ps.later(b.sources.problem(at, fmt.Sprintf("%s: %s", b.ps.show(s.Build.Context), fileFault("build context", err)), "create it, or correct the path"))
	case !info.IsDir():
		b.ps.later(b.sources.problem(at, fmt.Sprintf("%s is not a directory", b.ps.show(s.Build.Context)), "name the directory of the Dockerfile"))
	}
}

// keepExplicitBinds leaves create_host_path true only where it is written:
// compose-go also sets it for the short form and by default, and the engine
// would then make an empty directory of a mistyped path.
func (b *builder) keepExplicitBinds(s *types.ServiceConfig) {
	for i, v := range s.Volumes {
		if v.Type != types.VolumeTypeBind {
			continue
		}
		bind := types.ServiceVolumeBind{}
		if v.Bind != nil {
			bind = *v.Bind
		}
		bind.CreateHostPath = bind.CreateHostPath && types.OptOut(b.sources.saysCreate(s.Name, v.Target, true))
		s.Volumes[i].Bind = &bind
	}
}

// saysCreate says whether any file, or what the service extends there, holds
// create_host_path with the given value for the mount at target.
func (s *sources) saysCreate(service, target string, value bool) bool {
	return slices.ContainsFunc(s.all, func(src *source) bool {
		return src.bases == nil && s.saysCreateIn(src, service, target, value, 0)
	})
}

func (s *sources) saysCreateIn(src *source, service, target string, value bool, depth int) bool {
	definition := child(src.tree["services"], service)
	for _, entry := range asList(child(definition, "volumes")) {
		written, _ := child(entry, "target").(string)
		create := child(child(entry, "bind"), "create_host_path")
		if written != "" && filepath.Clean(written) == target && (create == value || create == strconv.FormatBool(value)) {
			return true
		}
	}
	base, ref := s.base(src, service)
	return base != nil && depth < maxDepth && s.saysCreateIn(base, ref, target, value, depth+1)
}
