package compose

import (
	"crypto/sha256"
	"encoding/hex"
)

// ID identifies the project's directory in 16 hexadecimal digits, so that two
// directories with one project name are told apart.
func (p *Project) ID() string {
	return digest(p.Dir)[:16]
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
