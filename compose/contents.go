package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// readContents computes the digests of the secrets and configs that each
// service mounts, and what must not be shown of it.
func (p *Project) readContents(hidden []string) {
	p.hidden = hidden
	salt := p.salt()
	seen := map[string]string{}
	for _, s := range p.Services {
		s.salt, s.hidden = salt, s.hiddenWith(hidden)
		s.namedDir, s.dir = p.NamedDir, p.Dir
		s.contents = map[string]string{}
		for _, ref := range s.Secrets {
			p.addContent(s, "secrets."+ref.Source, types.FileObjectConfig(p.Secrets[ref.Source]), seen)
		}
		for _, ref := range s.Configs {
			p.addContent(s, "configs."+ref.Source, types.FileObjectConfig(p.Configs[ref.Source]), seen)
		}
	}
}

// salt goes into the digests that stand for secrets.
func (p *Project) salt() string { return p.Name + "\x00" + p.ID() }

// hiddenWith is what must not be shown of the service: secret variables of the
// files, and what it is given itself. It depends on no other service: the
// digest of one does not change with another.
func (s *Service) hiddenWith(variables []string) []string {
	public := s.publicWords()
	all := slices.Concat(variables, s.secretValues())
	all = slices.DeleteFunc(all, func(value string) bool { return strings.TrimSpace(value) == "" || slices.Contains(public, value) })
	return slices.Compact(longestFirst(all))
}

func (p *Project) addContent(s *Service, key string, o types.FileObjectConfig, seen map[string]string) {
	sum, done := seen[key]
	if !done {
		sum = digest(s.salt, p.contentOf(o))
		seen[key] = sum
	}
	s.contents[key+".content"] = sum
}

// contentOf is the content of a secret or config, or for a file its digest.
func (p *Project) contentOf(o types.FileObjectConfig) string {
	switch {
	case o.File != "":
		return fileDigest(o.File)
	case o.Environment != "" && o.Content == "":
		return p.Environment[o.Environment]
	}
	return o.Content
}

// fileDigest is the digest of a file. Of one that only the engine may read,
// size and time of its last change stand for the content.
func fileDigest(file string) string {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil))
}
