package tools

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// GolangciLint builds golangci-lint from infra/tools/golangci (a module of its own: its go.mod pins the version, its go.sum
// the digests) and returns the path of the binary. The first build takes some minutes on two cores; later ones are answered
// by Go's build cache. The error is a *Missing where the build fails, since on a working tree that is the network.
func GolangciLint(ctx context.Context, progress io.Writer) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "golangci-lint")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	say(progress, "building golangci-lint (minutes the first time, then seconds) …")
	module := filepath.Join(root, "infra", "tools", "golangci")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/golangci/golangci-lint/v2/cmd/golangci-lint")
	cmd.Dir = module
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("build golangci-lint: %w", ctx.Err())
		}
		return "", &Missing{
			Tool:    "golangci-lint",
			Reason:  "its build failed: " + lastLine(stderr.String(), err),
			Command: "go -C infra/tools/golangci tool golangci-lint version",
		}
	}
	return binary, nil
}

// lastLine is where the go command says why it stopped; the lines before it are downloads.
func lastLine(stderr string, err error) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}
