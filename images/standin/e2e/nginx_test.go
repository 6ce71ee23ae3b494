package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func nginxImage(t *testing.T) string {
	t.Helper()
	return baseImage(t, "nginx:1", "NGINX_IMAGE")
}

// page asks the server from inside the container.
func (c container) page(path string) (string, error) {
	return c.exec("curl", "-fsS", "http://127.0.0.1"+path)
}

func (c container) servesNginx() error {
	_, err := c.page("/")
	return err
}

// nginxFiles returns a directory that anybody may read.
func nginxFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNginxServesAPageAndPrintsItsLogs(t *testing.T) {
	c := start(t, nginxImage(t))
	c.eventually("the server answers", c.servesNginx)
	if page, err := c.page("/"); err != nil || !strings.Contains(strings.ToLower(page), "nginx") {
		t.Errorf("the page is %q (%v)", page, err)
	}
	if _, err := c.page("/nowhere"); err == nil {
		t.Error("a page that is not there is found")
	}
	for _, want := range []string{`"GET / HTTP/1.1" 200`, "/nowhere"} {
		if log := c.logs(); !strings.Contains(log, want) {
			t.Errorf("the container's log lacks %s:\n%s", want, log)
		}
	}
}

func TestNginxFillsTemplatesAndRunsScripts(t *testing.T) {
	templates := nginxFiles(t, map[string]string{
		"default.conf.template": "server { listen 80; location / { return 200 \"${GREETING} $uri\"; } }\n",
	})
	script := filepath.Join(nginxFiles(t, map[string]string{"first.sh": "#!/bin/sh\necho a script has run\n"}), "first.sh")
	c := start(t, "--volume", templates+":/etc/nginx/templates:ro", "--volume", script+":/docker-entrypoint.d/99-first.sh:ro",
		"--env", "GREETING=hello", nginxImage(t))
	c.eventually("the server answers", c.servesNginx)
	if page, err := c.page("/x"); err != nil || page != "hello /x" {
		t.Errorf("the page is %q (%v)", page, err)
	}
	if log := c.logs(); !strings.Contains(log, "a script has run") {
		t.Errorf("the script did not run:\n%s", log)
	}
}

func TestNginxRunsWithoutPrivilegesOnAReadOnlyRoot(t *testing.T) {
	conf := nginxFiles(t, map[string]string{"nginx.conf": `pid /run/nginx.pid;
events {}
http { server { listen 8080; root /usr/share/nginx/html; } }
`})
	c := start(t, "--user", "101:101", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/run:uid=101,gid=101",
		"--tmpfs", "/var/cache/nginx:uid=101,gid=101", "--volume", conf+"/nginx.conf:/etc/nginx/nginx.conf:ro", nginxImage(t))
	c.eventually("the server answers", func() error {
		_, err := c.page(":8080/")
		return err
	})
}

func TestNginxEndsGracefullyWhenItIsAskedTo(t *testing.T) {
	c := start(t, nginxImage(t))
	c.eventually("the server answers", c.servesNginx)
	mustDocker(t, "stop", c.id)
	if code := c.exitCode(); code != 0 {
		t.Errorf("it ends with %d:\n%s", code, c.logs())
	}
}
