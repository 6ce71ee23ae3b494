package fakeengine

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"time"
)

// statFile is HEAD /containers/x/archive.
func (e *Engine) statFile(c Call) reply {
	found, name := e.find(c.Target), c.Query.Get("path")
	if found == nil {
		return reply{status: http.StatusNotFound}
	}
	content, known := found.files[path.Clean(name)]
	if !known && !slices.Contains([]string{"/", "/run", "/etc", "/tmp", "/var"}, path.Clean(name)) {
		return reply{status: http.StatusNotFound}
	}
	stat := encode(map[string]any{"name": path.Base(name), "size": len(content), "mode": 0o644, "mtime": time.Unix(0, 0)})
	return reply{status: http.StatusOK, header: map[string]string{
		"X-Docker-Container-Path-Stat": base64.StdEncoding.EncodeToString(stat),
	}}
}

// putFiles is PUT /containers/x/archive.
func (e *Engine) putFiles(c Call) reply {
	found := e.find(c.Target)
	if found == nil {
		return noContainer(c.Target)
	}
	if found.host.ReadonlyRootfs {
		return refusal(http.StatusForbidden, "container rootfs is marked read-only")
	}
	archive := tar.NewReader(bytes.NewReader(c.Body))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return reply{status: http.StatusOK}
		}
		if err != nil {
			return refusal(http.StatusBadRequest, err.Error())
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return refusal(http.StatusBadRequest, err.Error())
		}
		found.files[path.Join("/", c.Query.Get("path"), header.Name)] = content //nolint:gosec // a key of a map
	}
}
