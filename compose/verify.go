package compose

import (
	"fmt"
	"net/textproto"
	"slices"
	"strings"
)

// verify decodes one declared proof of a service.
func (d *decoder) verify(value any, at path, s *Service) (Verify, bool) {
	var out Verify
	d.mapping(value, at, fields{
		"http":     func(v any, at path) { out.HTTP = d.verifyHTTP(v, at, s) },
		"tcp":      func(v any, at path) { out.TCP = d.verifyTCP(v, at, s) },
		"postgres": func(v any, at path) { out.Postgres = d.verifyPostgres(v, at) },
	})
	set := 0
	for _, present := range []bool{out.HTTP != nil, out.TCP != nil, out.Postgres != nil} {
		if present {
			set++
		}
	}
	if mapping, ok := value.(map[string]any); set != 1 && ok && len(mapping) != 1 {
		d.report(at, "must be exactly one of http, postgres, tcp", "write one entry for each")
	}
	return out, set == 1
}

func (d *decoder) verifyHTTP(value any, at path, s *Service) *VerifyHTTP {
	out := &VerifyHTTP{Path: "/"}
	d.mapping(value, at, fields{
		"port":   func(v any, at path) { out.Port = d.port(v, at, s) },
		"path":   func(v any, at path) { out.Path = d.urlPath(v, at) },
		"status": func(v any, at path) { out.Status = d.statuses(v, at) },
		"body":   func(v any, at path) { out.Body = d.text(v, at) },
		"header": func(v any, at path) { out.Header = d.headers(v, at) },
		"tls":    func(v any, at path) { out.TLS = d.verifyTLS(v, at) },
	})
	d.requirePort(value, at)
	return out
}

func (d *decoder) verifyTCP(value any, at path, s *Service) *VerifyTCP {
	out := &VerifyTCP{}
	d.mapping(value, at, fields{"port": func(v any, at path) { out.Port = d.port(v, at, s) }})
	d.requirePort(value, at)
	return out
}

func (d *decoder) verifyPostgres(value any, at path) *VerifyPostgres {
	out := &VerifyPostgres{}
	d.mapping(value, at, fields{
		"user":          func(v any, at path) { out.User = d.text(v, at) },
		"database":      func(v any, at path) { out.Database = d.text(v, at) },
		"password_file": func(v any, at path) { out.PasswordFile = d.file(v, at) },
	})
	return out
}

// verifyTLS decodes true, false or a mapping.
func (d *decoder) verifyTLS(value any, at path) *VerifyTLS {
	if on, ok := value.(bool); ok {
		if !on {
			return nil
		}
		return &VerifyTLS{}
	}
	out := &VerifyTLS{}
	d.mapping(value, at, fields{
		"server_name": func(v any, at path) { out.ServerName = d.text(v, at) },
		"ca_file":     func(v any, at path) { out.CAFile = d.file(v, at) },
		"insecure":    func(v any, at path) { out.Insecure = d.boolean(v, at) },
	})
	return out
}

func (d *decoder) requirePort(value any, at path) {
	if mapping, ok := value.(map[string]any); value == nil || ok && mapping["port"] == nil {
		d.report(at, "needs a port", "name a port of the container that the service publishes")
	}
}

// port decodes a container port that the service publishes over TCP.
func (d *decoder) port(value any, at path, s *Service) uint16 {
	port := uint16(d.integer(value, at, 1, 65535))
	if port == 0 {
		return 0
	}
	var published []string
	for _, p := range s.Ports {
		if p.Protocol != "tcp" && p.Protocol != "" {
			continue
		}
		if p.Target == uint32(port) {
			return port
		}
		published = append(published, fmt.Sprint(p.Target))
	}
	remedy := "the service publishes no TCP port: add it under ports:"
	if len(published) > 0 {
		remedy = "the service publishes " + strings.Join(published, ", ") + "; name the container's port, not the host's"
	}
	d.report(at, fmt.Sprintf("port %d is not published", port), remedy)
	return port
}

func (d *decoder) urlPath(value any, at path) string {
	out := d.text(value, at)
	if !strings.HasPrefix(out, "/") || strings.ContainsFunc(out, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		d.report(at, "must begin with / and hold no spaces", "")
	}
	return out
}

// statuses decodes one status or a list.
func (d *decoder) statuses(value any, at path) []int {
	if _, ok := value.([]any); !ok {
		return []int{d.integer(value, at, 100, 599)}
	}
	var out []int
	d.list(value, at, func(v any, at path) { out = append(out, d.integer(v, at, 100, 599)) })
	return out
}

func (d *decoder) headers(value any, at path) map[string]string {
	mapping, ok := value.(map[string]any)
	if !ok {
		d.report(at, "must be a mapping", "write Name: value")
		return nil
	}
	out := make(map[string]string, len(mapping))
	for name, v := range mapping {
		if name == "" || slices.ContainsFunc([]byte(name), func(c byte) bool { return !isTokenByte(c) }) {
			d.report(at.next(name), "is not the name of a header", "")
			continue
		}
		out[textproto.CanonicalMIMEHeaderKey(name)] = d.text(v, at.next(name))
	}
	return out
}

// isTokenByte says whether c may stand in the name of a header, RFC 9110.
func isTokenByte(c byte) bool {
	return isNameByte(c, false) || strings.IndexByte("!#$%&'*+-.^`|~", c) >= 0
}
