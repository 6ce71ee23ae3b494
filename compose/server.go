package compose

import (
	"path/filepath"
	"strings"
)

// isServer says whether a program is one that well-known images run by
// themselves, and that files name when they only add arguments.
func isServer(program string) bool {
	switch program {
	case "postgres", "redis-server", "valkey-server", "mysqld", "mariadbd", "mongod", "nginx", "nginx-debug",
		"rabbitmq-server", "memcached":
		return true
	}
	return false
}

// RunsServer says whether the service runs the server that its image is made
// for, and not another program that the image has too, as a client: the file
// replaces no entrypoint, and its command is empty, only adds options, or
// names the server.
func (s *Service) RunsServer() bool {
	if len(s.Entrypoint) > 0 {
		return false
	}
	if len(s.Command) == 0 {
		return true
	}
	first := s.Command[0]
	return strings.HasPrefix(first, "-") || strings.HasSuffix(first, ".conf") || isServer(filepath.Base(first))
}
