package e2e_test

import (
	"strings"
	"testing"
)

func TestTheGoImageBuildsAStaticProgramFromAModuleFetchedOverHTTPS(t *testing.T) {
	image := baseImage(t, "golang:1.26", "GO_IMAGE")
	script := `set -e
mkdir /tmp/program && cd /tmp/program
go mod init example.com/program
printf 'package main\n\nimport "github.com/google/go-cmp/cmp"\n\nfunc main() { print(cmp.Equal(1, 1)) }\n' >main.go
go get github.com/google/go-cmp@v0.7.0
CGO_ENABLED=0 go build -o program .
go version
./program`
	got := mustDocker(t, "run", "--rm", image, "sh", "-c", script)
	if !strings.Contains(got, "go version go1.") || !strings.HasSuffix(got, "true") {
		t.Errorf("it prints:\n%s", got)
	}
}
