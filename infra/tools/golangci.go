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

// GolangciLint builds golangci-lint and returns the path of the binary. The first build takes some minutes on two cores.
// The error is a *Missing where the build fails, since on a working tree that is the network.
func GolangciLint(ctx context.Context, progress io.Writer) (string, error) {
	return goTool(ctx, progress, "golangci-lint", "golangci", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint")
}

// Govulncheck builds Go's own checker for known vulnerabilities, as GolangciLint.
func Govulncheck(ctx context.Context, progress io.Writer) (string, error) {
	return goTool(ctx, progress, "govulncheck", "govulncheck", "golang.org/x/vuln/cmd/govulncheck")
}

// CycloneDX builds cyclonedx-gomod, which writes a software bill of materials, as GolangciLint.
func CycloneDX(ctx context.Context, progress io.Writer) (string, error) {
	return goTool(ctx, progress, "cyclonedx-gomod", "cyclonedx", "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod")
}

// goTool builds a Go program from infra/tools/<folder>, a module of its own: its go.mod pins the version, its go.sum the
// digests. Later builds are answered by Go's build cache.
func goTool(ctx context.Context, progress io.Writer, name, folder, pkg string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, name)
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	say(progress, "building %s (up to minutes the first time, then seconds) …", name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
	cmd.Dir = filepath.Join(root, "infra", "tools", folder)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("build %s: %w", name, ctx.Err())
		}
		return "", &Missing{
			Tool:    name,
			Reason:  "its build failed: " + lastLine(stderr.String(), err),
			Command: "go -C infra/tools/" + folder + " build " + pkg,
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
