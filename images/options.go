package images

import (
	"io"
	"io/fs"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/opencontainers/go-digest"
)

// defaultParallel is how many pulls and builds run at once when nobody says:
// enough to hide the network, few enough not to starve the services.
const defaultParallel = 4

// BuildMode says when images with a build section are built.
type BuildMode int

// The build modes. BuildAuto builds exactly when the inputs differ from those
// of the image at hand.
const (
	BuildAuto BuildMode = iota
	BuildAlways
	BuildNever
)

func (m BuildMode) String() string {
	switch m {
	case BuildAlways:
		return "always"
	case BuildNever:
		return "never"
	default:
		return "auto"
	}
}

// PullMode overrides what the file says about pulling.
type PullMode string

// The pull modes. PullDefault follows each service's pull_policy. For an image
// that is built, PullAlways looks its base images up again.
const (
	PullDefault PullMode = ""
	PullAlways  PullMode = "always"
	PullMissing PullMode = "missing"
	PullNever   PullMode = "never"
)

// Hasher returns the digest of one regular file of a build context. path is
// where it is on this machine; open returns its content. A Hasher may answer
// from what it remembers; it is called from several goroutines.
type Hasher func(path string, info fs.FileInfo, open func() (io.ReadCloser, error)) (digest.Digest, error)

// Options are the user's wishes and the surroundings of a run.
type Options struct {
	Build BuildMode
	Pull  PullMode
	// Parallel bounds pulls and builds at once; 0 means 4.
	Parallel int
	// NoCache builds without the builder's cache.
	NoCache bool
	// Environ is what build arguments without a value, secrets from the
	// environment and SSH_AUTH_SOCK are read from.
	Environ map[string]string
	// Secrets are the secrets the file declares at its top level.
	Secrets types.Secrets
	// EnginePlatform is the engine's own, "linux/amd64"; "" when unknown.
	EnginePlatform string
	// Hash digests one file; nil reads every file.
	Hash Hasher
	// Auth holds the credentials for base images; nil means the user's own
	// configuration, read when the first build needs it.
	Auth *configfile.ConfigFile
}

func (o Options) parallel() int {
	if o.Parallel > 0 {
		return o.Parallel
	}
	return defaultParallel
}

func (o Options) hasher() Hasher {
	if o.Hash != nil {
		return o.Hash
	}
	return readAll
}

func readAll(_ string, _ fs.FileInfo, open func() (io.ReadCloser, error)) (digest.Digest, error) {
	file, err := open()
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	return digest.SHA256.FromReader(file)
}
