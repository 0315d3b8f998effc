// Package tools finds the programs that the project uses but does not build (Dynoxide, Chromium, axe-core, golangci-lint,
// the SAM CLI) and installs those that an ordinary package registry has. Each has one pinned version and, where this package unpacks it
// itself, a pinned digest. What is installed lies under .cache/tools at the top of the module and can be deleted at any time.
package tools

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Missing says that a tool is neither here nor could be installed. Callers print it and skip what needs the tool;
// they find it with errors.As.
type Missing struct {
	Tool    string // name of the tool, for people
	Command string // the command that a person can run to get it
	Reason  string // why it was not installed by itself; one clause without a full stop
}

// Error is one line that ends with the command, so that it can be copied from a terminal.
func (m *Missing) Error() string {
	return fmt.Sprintf("%s is missing (%s); to install it: %s", m.Tool, m.Reason, m.Command)
}

// Root returns the directory of go.mod, seen from the working directory upwards. In tests the working directory is the
// package's own folder, so the same call works there. It fails outside of a module.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return rootAbove(dir)
}

func rootAbove(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		_, err := os.Stat(filepath.Join(at, "go.mod"))
		if err == nil {
			return at, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("find the module: %w", err)
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the module: no go.mod in %s or above", dir)
		}
	}
}

// cacheDir returns the folder that holds the installed tools, and makes it.
func cacheDir() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", "tools")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the tools' cache: %w", err)
	}
	return dir, nil
}

// say prints one line of progress; a nil writer means that nobody listens.
func say(progress io.Writer, format string, args ...any) {
	if progress != nil {
		// A progress line that cannot be written is no reason to stop an installation.
		_, _ = fmt.Fprintf(progress, format+"\n", args...)
	}
}
