// Package build compiles the functions for this machine with the flags of the deployment.
//
// There is no bookkeeping of sources here: `go build` knows better what has changed, embedded files included, and takes about
// a quarter of a second when nothing has. What counts is to call it once and not once a function.
package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Flags are those of a deployment (design, "Deploying"). The version control stamp is left out: with it every commit would
// link every function anew.
var Flags = []string{"-trimpath", "-tags=lambda.norpc", "-ldflags=-s", "-buildvcs=false"}

// Functions builds the package in each of the folders (slash paths relative to root) and returns the path of each binary by
// folder. The binaries lie under out. A package that does not compile fails the call with the compiler's messages.
func Functions(ctx context.Context, root, out string, folders []string) (map[string]string, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("build functions: %w", err)
	}
	// Two runs at once (tests of two packages) would write the same files.
	unlock, err := lock(filepath.Join(out, ".lock"))
	if err != nil {
		return nil, fmt.Errorf("build functions: %w", err)
	}
	defer unlock()
	binaries := map[string]string{}
	for i, batch := range batches(folders) {
		dir := filepath.Join(out, strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("build functions: %w", err)
		}
		args := append([]string{"build", "-o", dir + string(filepath.Separator)}, Flags...)
		for _, folder := range batch {
			if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(folder))); err != nil || !info.IsDir() {
				return nil, fmt.Errorf("build functions: %s: no such folder", folder)
			}
			args = append(args, "./"+path.Clean(folder))
			binaries[folder] = filepath.Join(dir, path.Base(folder))
		}
		if err := goCommand(ctx, root, args); err != nil {
			return nil, fmt.Errorf("build functions: %w", err)
		}
		for _, folder := range batch {
			if _, err := os.Stat(binaries[folder]); err != nil {
				return nil, fmt.Errorf("build functions: %s is not a main package", folder)
			}
		}
	}
	return binaries, nil
}

// batches deals the folders out so that no two of a batch have the same last element: `go build -o dir/` names the binary
// after it, and forms/photos and staff/photos are two functions.
func batches(folders []string) [][]string {
	var out [][]string
	seen := map[string]int{} // last element -> batches that hold it
	done := map[string]bool{}
	for _, folder := range folders {
		if done[folder] {
			continue
		}
		done[folder] = true
		i := seen[path.Base(folder)]
		seen[path.Base(folder)]++
		if i == len(out) {
			out = append(out, nil)
		}
		out[i] = append(out[i], folder)
	}
	return out
}

func goCommand(ctx context.Context, root string, args []string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	// GOOS and GOARCH are cleared: the functions run here, whatever a deployment was built for in this shell.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=", "GOARCH=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if message := strings.TrimSpace(stderr.String()); message != "" {
			return errors.New("go build:\n" + message)
		}
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}
