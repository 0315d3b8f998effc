package tools

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the pinned versions below
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// pythonProbe fails where Python is too old for the pinned packages or lacks what "python3 -m venv" needs (Debian leaves
// ensurepip out of its package python3).
const pythonProbe = `import sys, venv, ensurepip; sys.exit("Python is older than 3.11" if sys.version_info < (3, 11) else 0)`

// PythonName is the Tool of the Missing that Python returns.
const PythonName = "Python 3.11 with venv"

// Python returns a python3 that can make virtual environments. With install set, root on Debian gets it from apt.
// Otherwise the error is a *Missing that names the command.
func Python(ctx context.Context, progress io.Writer, install bool) (string, error) {
	if path := findPython(ctx); path != "" {
		return path, nil
	}
	if err := aptInstall(ctx, progress, install, PythonName, []string{"python3", "python3-venv"}); err != nil {
		return "", err
	}
	if path := findPython(ctx); path != "" {
		return path, nil
	}
	return "", &Missing{
		Tool: PythonName, Reason: "this system's python3 is older",
		Command: "install Python 3.11 or newer and put it first on PATH as python3",
	}
}

// findPython returns an empty path where no python3 will do.
func findPython(ctx context.Context) string {
	path, err := exec.LookPath("python3")
	if err != nil || exec.CommandContext(ctx, path, "-c", pythonProbe).Run() != nil {
		return ""
	}
	return path
}

// pythonPackage is one program out of one version of one Python package, in a virtual environment of its own: two programs
// that want different versions of a library do not meet.
type pythonPackage struct {
	tool        string // name for people
	name        string // package name on PyPI
	version     string // exact version
	program     string // file in the environment's bin folder
	constraints string // pinned versions of what it brings along, in the form of a pip constraints file
}

//go:embed python/aws-sam-cli.txt
var samConstraints string

var samPackage = pythonPackage{
	tool: "SAM CLI", name: "aws-sam-cli", version: "1.170.0", program: "sam", constraints: samConstraints,
}

//go:embed python/schemathesis.txt
var schemathesisConstraints string

var schemathesisPackage = pythonPackage{
	tool: "Schemathesis", name: "schemathesis", version: "4.32.5", program: "schemathesis", constraints: schemathesisConstraints,
}

// Schemathesis returns the path of the program that tests an API against its OpenAPI document. The error is as SAM's.
func Schemathesis(ctx context.Context, progress io.Writer) (string, error) {
	return schemathesisPackage.install(ctx, progress)
}

// SAM returns the path of the AWS SAM CLI. Its environment's python, which can import samtranslator and cfnlint, is the
// file "python" in the same folder. Run both with SAMEnvironment. It comes from the cache or from PyPI; the error is a
// *Missing where Python is absent or pip fails.
func SAM(ctx context.Context, progress io.Writer) (string, error) {
	return samPackage.install(ctx, progress)
}

// SAMEnvironment is this process's environment with the SAM CLI's telemetry and its question for a newer version off.
func SAMEnvironment() []string {
	return append(os.Environ(), "SAM_CLI_TELEMETRY=0", "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1")
}

// link returns the place of the environment in the cache. Another version or another pin is another place.
func (p pythonPackage) link(cache string) string {
	sum := sha256.Sum256([]byte(p.constraints))
	return filepath.Join(cache, p.name+"-"+p.version+"-"+hex.EncodeToString(sum[:4]))
}

func (p pythonPackage) binary(environment string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(environment, "Scripts", p.program+".exe")
	}
	return filepath.Join(environment, "bin", p.program)
}

// install returns the path of the cached program and makes its environment first where it is not there. The programs of an
// environment hold its path, so it cannot be renamed when it is complete, as an npm package is: a symbolic link is set to it
// instead. Several processes may install at once: each makes an environment of its own and one sets the link.
// The link's target is absolute: in a tree that was moved it leads nowhere, and the environment is made anew.
func (p pythonPackage) install(ctx context.Context, progress io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	link := p.link(cache)
	if isFile(p.binary(link)) {
		return p.binary(link), nil
	}
	python, err := Python(ctx, progress, false)
	if err != nil {
		return "", fmt.Errorf("install %s: %w", p.tool, err)
	}
	say(progress, "installing %s %s from PyPI (%s; a minute or two) …", p.tool, p.version, p.name)
	environment, err := os.MkdirTemp(cache, p.name+"-environment-")
	if err != nil {
		return "", fmt.Errorf("install %s: %w", p.tool, err)
	}
	err = p.fill(ctx, python, environment)
	if err == nil {
		if !isFile(p.binary(link)) {
			_ = os.Remove(link) // a link that leads nowhere; where there is none, that is as well
		}
		err = os.Symlink(environment, link)
	}
	if err != nil {
		_ = os.RemoveAll(environment) // left-overs are harmless: the next run uses another name
		if isFile(p.binary(link)) {
			return p.binary(link), nil // another process was faster
		}
		return "", err
	}
	return p.binary(link), nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// fill makes the virtual environment and lets its pip, which knows the machine's index, proxy and certificates, fetch.
func (p pythonPackage) fill(ctx context.Context, python, environment string) error {
	pins := filepath.Join(environment, "constraints.txt")
	if err := os.WriteFile(pins, []byte(p.constraints), 0o644); err != nil {
		return fmt.Errorf("install %s: %w", p.tool, err)
	}
	pip := pythonPackage{program: "python"}.binary(environment)
	steps := [][]string{
		{python, "-m", "venv", environment},
		{pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", pins, p.name + "==" + p.version},
	}
	for _, args := range steps {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir = environment
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("install %s: %w", p.tool, ctx.Err())
			}
			return &Missing{
				Tool: p.tool, Reason: "its installation failed: " + lastLine(stderr.String(), err),
				Command: fmt.Sprintf("python3 -m venv DIR && DIR/bin/pip install %s==%s", p.name, p.version),
			}
		}
	}
	if !isFile(p.binary(environment)) {
		return fmt.Errorf("install %s: %s==%s holds no program %s", p.tool, p.name, p.version, p.program)
	}
	return nil
}
