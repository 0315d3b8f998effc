package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// aptInstall installs a Debian package; root alone can.
func aptInstall(ctx context.Context, progress io.Writer, name string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("only root on Debian can install the package %s by itself", name)
	}
	_, _ = fmt.Fprintf(progress, "installing %s with apt-get …\n", name)
	for _, args := range [][]string{{"update"}, {"install", "--yes", "--no-install-recommends", name}} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", strings.Join(args, " "), err, last(string(out)))
		}
	}
	return nil
}

// staticBusybox returns the path of a busybox that runs in an empty file system.
func staticBusybox(ctx context.Context, progress io.Writer) (string, error) {
	find := func() string {
		path, err := exec.LookPath("busybox")
		if err != nil || !static(path) {
			return ""
		}
		return path
	}
	if path := find(); path != "" {
		return path, nil
	}
	if err := aptInstall(ctx, progress, "busybox-static"); err != nil {
		return "", fmt.Errorf("find a static busybox: %w", err)
	}
	if path := find(); path != "" {
		return path, nil
	}
	return "", errors.New("find a static busybox: the package busybox-static brought none")
}
