package corpus

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Large lays out a project of many services with anchors, extends and env files.
func Large(dir string, services int) error {
	var b strings.Builder
	b.WriteString(`
x-common: &common
  restart: unless-stopped
  logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
x-env: &env {A: "1", B: two, C: "${C:-three}"}
networks: {back: {}}
volumes: {data: {}}
services:
`)
	for i := range services {
		fmt.Fprintf(&b, `  s%[1]d:
    <<: *common
    image: example/s%[1]d:${TAG:-1}
    extends: {file: base.yml, service: base}
    env_file: [app.env]
    environment: {<<: *env, N: "%[1]d", URL: "http://s%[2]d:80/"}
    ports: ["127.0.0.1:%[3]d:80"]
    volumes: ["data:/data", "data:/shared:ro"]
    networks: [back]
    labels: {a.b: c, traefik.enable: "true"}
    depends_on: {s%[2]d: {condition: service_healthy}}
`, i, i+1, 8000+i)
	}
	fmt.Fprintf(&b, "  s%d: {image: example/last:1, networks: [back]}\n", services)
	files := map[string]string{
		"compose.yaml": b.String(),
		"base.yml":     "services:\n  base:\n    image: base:1\n    environment: {X: y}\n    healthcheck: {test: [CMD, /probe], interval: 5s}\n",
	}
	for i := range 40 {
		files["app.env"] += fmt.Sprintf("V%d=value %d\n", i, i)
	}
	for name, text := range files {
		if err := write(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	return nil
}
