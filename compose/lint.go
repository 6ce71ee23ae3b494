package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// lint adds warnings about what is valid and still not what its author wants.
func (b *builder) lint(p *Project) {
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		check, disabled := s.FileCheck()
		if check != nil && !disabled {
			if canNeverFail(check.Test) {
				b.warn(name, "the healthcheck can never fail, so it proves nothing; let it end with the exit code of a real probe")
			}
			b.advise(name, lintCheck(*check)...)
		}
		b.advise(name, lintHost(s)...)
		b.advise(name, lintPostgres(s)...)
		b.advise(name, lintPostgresCheck(s)...)
		b.advise(name, p.lintSecrets(s)...)
		for _, message := range p.lintFiles(s) {
			b.warn(name, message)
		}
	}
	b.advise("", lintPorts(p)...)
	b.advise("", lintLogs(p)...)
	if message := lintNames(p); message != "" {
		b.warn("", message)
	}
	p.Warnings = b.ps.warnings
}

// advise warns of what could be better.
func (b *builder) advise(service string, messages ...string) {
	for _, message := range messages {
		b.ps.warn(Warning{Service: service, Message: message, Advice: true})
	}
}

// lintPorts names the ports that are open on every interface, in one warning.
func lintPorts(p *Project) []string {
	var open []string
	for _, name := range p.ServiceNames() {
		for _, port := range p.Services[name].Ports {
			if shown := name + " " + openPort(port); isEveryInterface(port.HostIP) && !slices.Contains(open, shown) {
				open = append(open, shown)
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("open to the network on every interface, past most firewalls: %s; write 127.0.0.1:PORT:PORT for what only this host needs",
		strings.Join(open, ", "))}
}

func openPort(port types.ServicePortConfig) string {
	shown := port.Published
	if shown == "" {
		shown = fmt.Sprintf("a free port for %d", port.Target)
	}
	if port.Protocol == "udp" || port.Protocol == "sctp" {
		shown += "/" + port.Protocol
	}
	return shown
}

func isEveryInterface(ip string) bool {
	return slices.Contains([]string{"", "0.0.0.0", "::", "[::]"}, ip)
}

// lintSecrets names secrets that others on this host can read.
func (p *Project) lintSecrets(s *Service) []string {
	var out []string
	for _, ref := range s.Secrets {
		if file := p.Secrets[ref.Source].File; file != "" && isReadableToAll(file) {
			out = append(out, fmt.Sprintf("every user of this host can read secret %s (%s); put it into a directory of mode 0700", ref.Source, filepath.Base(file)))
		}
	}
	return out
}

// lintFiles warns about owners and modes that a mounted file cannot be given.
func (p *Project) lintFiles(s *Service) []string {
	var out []string
	for _, ref := range s.Secrets {
		out = append(out, lintReference("secret", types.FileReferenceConfig(ref), p.Secrets[ref.Source].File)...)
	}
	for _, ref := range s.Configs {
		out = append(out, lintReference("config", types.FileReferenceConfig(ref), p.Configs[ref.Source].File)...)
	}
	return out
}

func lintReference(what string, ref types.FileReferenceConfig, file string) []string {
	if file == "" {
		return nil
	}
	var unmet []string
	if ref.UID != "" {
		unmet = append(unmet, "uid")
	}
	if ref.GID != "" {
		unmet = append(unmet, "gid")
	}
	if info, err := os.Stat(file); ref.Mode != nil && err == nil && info.Mode().Perm() != os.FileMode(*ref.Mode)&os.ModePerm {
		unmet = append(unmet, "mode")
	}
	if len(unmet) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s of %s %s has no effect: the file is mounted as it is; change the file itself", strings.Join(unmet, " and "), what, ref.Source)}
}

// isReadableToAll says whether the file and every directory above it are open
// to others.
func isReadableToAll(file string) bool {
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return false
	}
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// lintLogs names the services that are meant to run for ever and whose logs
// nothing in the file bounds, in one warning.
func lintLogs(p *Project) []string {
	var loud []string
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		forEver := s.Restart == types.RestartPolicyAlways || s.Restart == types.RestartPolicyUnlessStopped
		if forEver && s.Logging == nil && s.LogDriver == "" && len(s.LogOpt) == 0 {
			loud = append(loud, name)
		}
	}
	if len(loud) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the logs of %s grow without bound unless the engine is set up otherwise; write logging: {options: {max-size: 10m, max-file: \"3\"}}",
		strings.Join(loud, ", "))}
}
