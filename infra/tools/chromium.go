package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// chromiumNames are the names under which systems put Chromium or Chrome on PATH, and where macOS keeps Chrome.
var chromiumNames = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// Chromium returns the path of a Chromium or Chrome that is accompanied by a Japanese font (without one every Japanese
// letter has the same box for a glyph, and a test of the layout proves nothing). It takes the environment variable CHROMIUM,
// then PATH. Its version is the system's: a browser of last year is unsafe, so it is not pinned.
// With install set, root on Debian gets both from apt. Otherwise the error is a *Missing that names the command.
func Chromium(ctx context.Context, progress io.Writer, install bool) (string, error) {
	path, err := findChromium()
	if err != nil {
		return "", err
	}
	var packages []string
	if path == "" {
		packages = append(packages, "chromium")
	}
	if !japaneseFont(ctx) {
		packages = append(packages, "fonts-noto-cjk")
	}
	if len(packages) == 0 {
		return path, nil
	}
	if err := aptInstall(ctx, progress, install, "Chromium with a Japanese font", packages); err != nil {
		return "", err
	}
	if path, err = findChromium(); err != nil || path != "" {
		return path, err
	}
	return "", errors.New("find Chromium: apt-get installed it, but it is not on PATH")
}

// findChromium returns an empty path where there is none.
func findChromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("find Chromium: the environment variable CHROMIUM: %w", err)
		}
		return found, nil
	}
	for _, name := range chromiumNames {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", nil
}

// japaneseFont asks fontconfig on Linux. The other systems ship one, and where fontconfig's program is absent the answer is
// the package's state; where neither can say, it is taken to be there.
func japaneseFont(ctx context.Context) bool {
	if runtime.GOOS != "linux" {
		return true
	}
	if path, err := exec.LookPath("fc-list"); err == nil {
		out, err := exec.CommandContext(ctx, path, ":lang=ja", "family").Output()
		return err == nil && len(bytes.TrimSpace(out)) > 0
	}
	if path, err := exec.LookPath("dpkg-query"); err == nil {
		out, err := exec.CommandContext(ctx, path, "--show", "--showformat=${db:Status-Status}", "fonts-noto-cjk").Output()
		return err == nil && string(out) == "installed"
	}
	return true
}

// aptInstall installs Debian packages where that is asked for and possible, and else returns a *Missing.
func aptInstall(ctx context.Context, progress io.Writer, install bool, tool string, packages []string) error {
	command := "apt-get install --yes --no-install-recommends " + strings.Join(packages, " ")
	missing := func(reason string) error {
		return &Missing{Tool: tool, Reason: reason, Command: command}
	}
	switch {
	case !isDebian():
		command = "with the system's own package manager, as on Debian: " + command
		return missing("this system is not Debian, so nothing is installed by itself")
	case os.Geteuid() != 0:
		command = "sudo " + command
		return missing("only root may install packages")
	case !install:
		return missing("not found on this machine")
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return missing("apt-get is not on PATH")
	}
	say(progress, "installing %s with apt-get (%s) …", tool, strings.Join(packages, " "))
	steps := [][]string{{"update"}, append([]string{"install", "--yes", "--no-install-recommends"}, packages...)}
	for _, args := range steps {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("install %s: %w", tool, ctx.Err())
			}
			return missing("apt-get " + args[0] + " failed: " + lastLine(string(out), err))
		}
	}
	return nil
}

// isDebian says whether the system is Debian itself. Ubuntu's package "chromium" only points to a snap, which does not run
// as root in a container, so it does not count.
func isDebian() bool {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return false
	}
	return debianRelease(string(release))
}

func debianRelease(release string) bool {
	for line := range strings.Lines(release) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key == "ID" {
			return strings.Trim(value, `"`) == "debian"
		}
	}
	return false
}
