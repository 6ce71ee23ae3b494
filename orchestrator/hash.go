package orchestrator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/compose-spec/compose-go/v2/types"
)

// networkHash is the digest of what makes a network what it is.
func networkHash(n types.NetworkConfig) string {
	n.CustomLabels = nil
	return digest(n)
}

// volumeHash is the digest of what makes a volume what it is.
func volumeHash(v types.VolumeConfig) string {
	v.CustomLabels = nil
	return digest(v)
}

// digest is the SHA-256 of v as JSON; maps encode in the order of their keys.
func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // only data decoded from YAML comes here
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
