package images

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/session/secrets"
)

// secretSource is where a build gets one of its secrets: a file, or a value
// that came with the environment or the file itself.
type secretSource struct {
	id, name string
	path     string
	value    []byte
}

// secretSources finds the secrets a build uses among those that are declared.
func secretSources(used []types.ServiceSecretConfig, declared types.Secrets, environ map[string]string) ([]secretSource, error) {
	var out []secretSource
	var wrong []error
	for _, use := range used {
		source, err := findSecret(use.Source, declared, environ)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("build.secrets.%s: %w", use.Source, err))
			continue
		}
		source.id = cmp.Or(use.Target, use.Source)
		out = append(out, source)
	}
	return out, errors.Join(wrong...)
}

func findSecret(name string, declared types.Secrets, environ map[string]string) (secretSource, error) {
	secret, ok := declared[name]
	switch {
	case !ok:
		return secretSource{}, errors.New("the file declares no such secret")
	case bool(secret.External):
		return secretSource{}, errors.New("an external secret cannot be given to a build")
	case secret.File != "":
		if info, err := os.Stat(secret.File); err != nil {
			return secretSource{}, err
		} else if !info.Mode().IsRegular() {
			return secretSource{}, fmt.Errorf("%s is not a file", secret.File)
		}
		return secretSource{name: name, path: secret.File}, nil
	case secret.Environment != "":
		value, ok := environ[secret.Environment]
		if !ok {
			return secretSource{}, fmt.Errorf("the variable %s is not set", secret.Environment)
		}
		return secretSource{name: name, value: []byte(value)}, nil
	default:
		return secretSource{name: name, value: []byte(secret.Content)}, nil
	}
}

// secretStore hands secrets to the builder when it asks for them, and nothing
// else.
type secretStore []secretSource

// GetSecret returns the secret with this id.
func (s secretStore) GetSecret(_ context.Context, id string) ([]byte, error) {
	for _, source := range s {
		if source.id != id {
			continue
		}
		if source.path != "" {
			return os.ReadFile(source.path)
		}
		return source.value, nil
	}
	return nil, fmt.Errorf("%w: %s", secrets.ErrNotFound, id)
}

var _ secrets.SecretStore = secretStore(nil)

// sshSource is an agent's socket or a key that a build may use.
type sshSource struct {
	id, path string
}

// sshSources resolves build.ssh; without a path it is the user's agent.
func sshSources(keys types.SSHConfig, environ map[string]string) []sshSource {
	var out []sshSource
	for _, key := range keys {
		out = append(out, sshSource{
			id:   cmp.Or(key.ID, "default"),
			path: cmp.Or(key.Path, environ["SSH_AUTH_SOCK"]),
		})
	}
	return out
}
