package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func redisImage(t *testing.T) string {
	t.Helper()
	return baseImage(t, "redis:8", "REDIS_IMAGE")
}

// pings says whether the server answers; args stand before the command.
func (c container) pings(args ...string) error {
	out, err := c.exec(append(append([]string{"redis-cli"}, args...), "ping")...)
	if err == nil && out != "PONG" {
		return fmt.Errorf("it answers %q", out)
	}
	return err
}

func TestRedisLetsOtherHostsInAndRunsAsItsOwnUser(t *testing.T) {
	image := redisImage(t)
	c := start(t, image)
	c.eventually("the server answers", func() error { return c.pings() })
	address := c.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
	if got := mustDocker(t, "run", "--rm", image, "redis-cli", "-h", address, "set", "a", "b"); got != "OK" {
		t.Errorf("another container is told %q", got)
	}
	if out, err := c.exec("stat", "-c", "%u %U", "/proc/1"); err != nil || out != "999 redis" {
		t.Errorf("the server runs as %q (%v)", out, err)
	}
}

func TestRedisTakesOptionsAndAConfigurationFile(t *testing.T) {
	image := redisImage(t)
	t.Run("options alone mean the server", func(t *testing.T) {
		c := start(t, image, "--requirepass", "p")
		c.eventually("the server answers", func() error { return c.pings("--no-auth-warning", "-a", "p") })
		if out, _ := c.exec("redis-cli", "ping"); !strings.Contains(out, "NOAUTH") {
			t.Errorf("without the password it says %q", out)
		}
	})
	t.Run("a file", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "own.conf"), []byte("maxmemory 32mb\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		c := start(t, "--volume", dir+":/conf:ro", image, "/conf/own.conf")
		c.eventually("the server answers", func() error { return c.pings() })
		if out, err := c.exec("redis-cli", "config", "get", "maxmemory"); err != nil || !strings.Contains(out, "33554432") {
			t.Errorf("the file counts for nothing: %q (%v)", out, err)
		}
	})
}

func TestRedisKeepsItsDataInAVolumeWhoeverOwnsIt(t *testing.T) {
	image := redisImage(t)
	volume := fmt.Sprintf("stackctl-standin-redis-%d", os.Getpid())
	mustDocker(t, "volume", "create", volume)
	t.Cleanup(func() { mustDockerAfter(t, "volume", "rm", "--force", volume) })
	t.Run("written", func(t *testing.T) {
		c := start(t, "--volume", volume+":/data", image, "--appendonly", "yes", "--appendfsync", "always")
		c.eventually("the server answers", func() error { return c.pings() })
		if out, err := c.exec("redis-cli", "set", "a", "kept"); err != nil || out != "OK" {
			t.Fatalf("%q %v", out, err)
		}
		mustDocker(t, "stop", c.id)
	})
	t.Run("read by another user's server", func(t *testing.T) {
		c := start(t, "--volume", volume+":/data", "--user", "redis", "--read-only", image, "--appendonly", "yes")
		c.eventually("the server answers", func() error { return c.pings() })
		if out, err := c.exec("redis-cli", "get", "a"); err != nil || out != "kept" {
			t.Errorf("the volume holds %q (%v)", out, err)
		}
	})
}
