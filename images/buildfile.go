package images

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// maxDockerfile is the largest Dockerfile that is read, in bytes. The builder
// refuses larger ones too.
const maxDockerfile = 1 << 20

const (
	defaultDockerfile = "Dockerfile"
	ignoreFile        = ".dockerignore"
)

// readDockerfile reads the Dockerfile of a context. name is relative to the
// context or absolute. A link may not lead out of the directory that the file
// is said to be in: what it shows would end up in images and messages.
func readDockerfile(context, name string) ([]byte, error) {
	if name == "" {
		name = defaultDockerfile
	}
	dir, base := context, name
	if filepath.IsAbs(name) || !filepath.IsLocal(name) {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(context, name)
		}
		dir, base = filepath.Split(path)
	}
	content, err := readInside(dir, base, maxDockerfile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file", filepath.Join(dir, base))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, base), err)
	}
	return content, nil
}

// readIgnore returns the ignore file that counts for a build, as it is: the
// one named after the Dockerfile, else that of the context. nil means none.
func readIgnore(context, dockerfile string) (content []byte, name string, err error) {
	names := []string{ignoreFile}
	if dockerfile != "" {
		names = []string{dockerfile + ignoreFile, ignoreFile}
	}
	for _, name := range names {
		content, err := readDockerfile(context, name)
		if err == nil {
			return content, name, nil
		}
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(context, name)
		}
		if _, statErr := os.Lstat(path); errors.Is(statErr, fs.ErrNotExist) {
			continue
		}
		return nil, "", err
	}
	return nil, "", nil
}

// parseIgnore reads the patterns of an ignore file.
func parseIgnore(content []byte, name string) ([]string, error) {
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, pattern := range patterns {
		// Patterns are compiled when they first match something.
		if _, err := patternmatcher.MatchesOrParentMatches("x", []string{pattern}); err != nil {
			return nil, fmt.Errorf("%s: pattern %q: %w", name, pattern, err)
		}
	}
	return patterns, nil
}

// isRemote says whether a context is fetched by the builder itself.
func isRemote(context string) bool {
	for _, prefix := range []string{"https://", "http://", "git://", "ssh://", "git@", "github.com/"} {
		if strings.HasPrefix(context, prefix) {
			return true
		}
	}
	return false
}

// isPinned says whether a remote context names one commit, so that it can
// never change.
func isPinned(context string) bool {
	_, fragment, _ := strings.Cut(context, "#")
	commit, _, _ := strings.Cut(fragment, ":")
	if len(commit) != 40 {
		return false
	}
	return strings.Trim(commit, "0123456789abcdef") == ""
}
