package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// ID identifies the project in 16 hexadecimal digits, so that two directories
// with one project name are told apart: that of its directory, or the one under
// which it was made and which it has adopted.
func (p *Project) ID() string {
	if p.identity != "" {
		return p.identity
	}
	return DirectoryID(p.Dir)
}

// DirectoryID is the identity of a project that is made in dir.
func DirectoryID(dir string) string { return digest(dir)[:16] }

// Owns says whether an object with this identity is the project's.
func (p *Project) Owns(id string) bool { return id == p.ID() || slices.Contains(p.adopted, id) }

// Adopt returns the project under the identity id, which it was made under in
// another place; what carries one of the others is its own too. Digests that
// stand for secrets are those of that identity, so that nothing differs for the
// change of place.
func (p *Project) Adopt(id string, others ...string) *Project {
	out := *p
	out.identity, out.adopted = id, others
	out.known = newKnown()
	out.Services = make(map[string]*Service, len(p.Services))
	for name, s := range p.Services {
		one := *s
		out.Services[name] = &one
	}
	out.readContents(p.hidden)
	if p.whole != nil {
		out.whole = p.whole.Adopt(id, others...)
	}
	return &out
}

// SamePlace says whether both are one project: of the same name, and in the
// same directory or in the one that the same path names.
func (p *Project) SamePlace(q *Project) bool {
	return p.Name == q.Name && (p.Dir == q.Dir || p.NamedDir == q.NamedDir)
}

// digest is the SHA-256 of parts in hexadecimal; no two different lists of
// parts have the same by being joined.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
