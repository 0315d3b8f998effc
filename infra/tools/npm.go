package tools

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxUnpacked bounds the bytes of one unpacked file: far above any tool here, far below a full disk.
const maxUnpacked = 256 << 20

// npmPackage is one file out of one version of one npm package.
type npmPackage struct {
	tool      string // name for people and for the cache folder
	name      string // package name on npm
	version   string // exact version
	integrity string // Subresource Integrity of the tarball, "sha512-<base64>", as in a lock file
	file      string // path below the tarball's "package/" folder, with slashes
	mode      os.FileMode
}

// path returns the place of the file in the cache. The version is part of it, so that another pin is another folder.
func (p npmPackage) path(cache string) string {
	return filepath.Join(p.dir(cache), filepath.FromSlash(p.file))
}

func (p npmPackage) dir(cache string) string {
	return filepath.Join(cache, strings.NewReplacer("@", "", "/", "-").Replace(p.name)+"-"+p.version)
}

// install returns the path of the cached file and fetches it first where it is not there. The npm client fetches (it knows
// the machine's registry, proxy and certificates); the digest is checked here against the pinned one. Several processes may
// install at once: each unpacks into a folder of its own, one rename wins and the others use the winner's.
// The error is a *Missing where the npm client is absent or fails, another error where the tarball is not what was pinned.
func (p npmPackage) install(ctx context.Context, progress io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(p.path(cache)); err == nil && info.Mode().IsRegular() {
		return p.path(cache), nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", &Missing{Tool: p.tool, Reason: "npm, which would fetch it, is not on PATH", Command: "install Node.js, then: " + p.command()}
	}
	say(progress, "installing %s %s from npm (%s) …", p.tool, p.version, p.name)
	work, err := os.MkdirTemp(cache, "installing-")
	if err != nil {
		return "", fmt.Errorf("install %s: %w", p.tool, err)
	}
	defer func() { _ = os.RemoveAll(work) }() // left-overs are harmless: the next run uses another name
	tarball, err := p.fetch(ctx, npm, work)
	if err != nil {
		return "", err
	}
	if err := checkIntegrity(tarball, p.integrity); err != nil {
		return "", fmt.Errorf("install %s from %s@%s: %w", p.tool, p.name, p.version, err)
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := p.unpack(tarball, unpacked); err != nil {
		return "", fmt.Errorf("install %s from %s@%s: %w", p.tool, p.name, p.version, err)
	}
	if err := os.Rename(unpacked, p.dir(cache)); err != nil {
		// Another process was faster, or the rename failed for a reason of its own; what counts is the file.
		if info, statErr := os.Stat(p.path(cache)); statErr != nil || !info.Mode().IsRegular() {
			return "", fmt.Errorf("install %s: %w", p.tool, err)
		}
	}
	return p.path(cache), nil
}

func (p npmPackage) command() string {
	return fmt.Sprintf("npm pack %s@%s", p.name, p.version)
}

// fetch lets npm write the tarball into work, which is also its working directory: there is no package.json to obey.
func (p npmPackage) fetch(ctx context.Context, npm, work string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, npm, "pack", p.name+"@"+p.version, "--ignore-scripts", "--loglevel=error", "--pack-destination=.")
	cmd.Dir = work
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("install %s: %w", p.tool, ctx.Err())
		}
		return nil, &Missing{Tool: p.tool, Reason: "npm could not fetch it: " + firstError(stderr.String(), err), Command: p.command()}
	}
	found, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("install %s: npm pack wrote %d tarballs, want 1", p.tool, len(found))
	}
	tarball, err := os.ReadFile(found[0])
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", p.tool, err)
	}
	return tarball, nil
}

// firstError picks the line of npm's output that says something; the rest is advice and log paths.
func firstError(stderr string, err error) string {
	for line := range strings.Lines(stderr) {
		text := strings.TrimSpace(strings.TrimPrefix(line, "npm error"))
		if text != "" && !strings.HasPrefix(text, "code ") && !strings.HasPrefix(text, "npm warn") {
			return text
		}
	}
	return err.Error()
}

// checkIntegrity compares the SHA-512 of the tarball with the pinned "sha512-<base64>".
func checkIntegrity(tarball []byte, pinned string) error {
	sum := sha512.Sum512(tarball)
	got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	if got != pinned {
		return fmt.Errorf("the tarball is not the pinned one: got %s, want %s", got, pinned)
	}
	return nil
}

// unpack writes the one wanted file of the tarball below dir. Nothing else of the tarball touches the disk, so its other
// names need no check.
func (p npmPackage) unpack(tarball []byte, dir string) error {
	zipped, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	for r := tar.NewReader(zipped); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack: the tarball holds no %s", p.file)
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if header.Typeflag == tar.TypeReg && header.Name == "package/"+p.file {
			return writeFile(filepath.Join(dir, filepath.FromSlash(p.file)), r, p.mode)
		}
	}
}

func writeFile(path string, from io.Reader, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	n, err := io.Copy(to, io.LimitReader(from, maxUnpacked+1))
	if err == nil && n > maxUnpacked {
		err = fmt.Errorf("the file is larger than %d bytes", maxUnpacked)
	}
	if err := errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}
